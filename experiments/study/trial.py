"""What a study is: trainings that differ in one thing each."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from facenet_res.core.errors import ConfigInvalid
from facenet_res.train.config import TrainConfig
from facenet_res.train.python_file import FileKind, made_by

KIND = FileKind("study", Path(__file__).parent / "studies", "study")


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a study.

    Attributes:
        name: of its run folder: letters, digits and hyphens.
        group: heading that it stands under in the table, such as "loss".
        what: what sets it apart, for people.
        config: the training.
        needs: a file that not everybody has. Where it is absent and nothing was measured before,
            the trial is left out and the page says so. None for a trial that has to run.
    """

    name: str
    group: str
    what: str
    config: TrainConfig
    needs: Path | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """Trainings to compare.

    Attributes:
        title: heading of the page.
        question: what the study answers, in a sentence or two of Markdown.
        trials: in the order of the table; names differ.

    Raises:
        ConfigInvalid: there is no trial, a name is taken twice or no name, or a trial holds out
            nobody to be judged by.
    """

    title: str
    question: str
    trials: tuple[Trial, ...]

    def __post_init__(self) -> None:
        names = Counter(trial.name for trial in self.trials)
        wrong = [name for name, count in names.items() if count > 1 or not _is_name(name)]
        if wrong or not names:
            raise ConfigInvalid(
                f"a study needs trials with names of their own, of letters, digits and hyphens; "
                f"got {wrong or 'none'}"
            )
        blind = [trial.name for trial in self.trials if not trial.config.held_out_identities]
        if blind:
            raise ConfigInvalid(f"trials {blind} have held_out_identities 0: nothing to judge by")


def load_study(study: str, *, smoke: bool = False) -> Study:
    """The study that a file makes.

    Args:
        study: the name of a file in `experiments/study/studies`, or the path of a `.py`
            file with a function `study(smoke: bool) -> Study`. It is run as code.
        smoke: trainings of a few steps, to see that everything fits together.

    Raises:
        FileMissing: there is no such study.
        ConfigInvalid: it fails, has no `study`, or that does not return a Study.
    """
    return made_by(KIND, study, Study, smoke=smoke)


def _is_name(name: str) -> bool:
    return bool(name) and all(each.isalnum() or each == "-" for each in name)
