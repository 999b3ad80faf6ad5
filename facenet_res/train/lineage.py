"""The runs that led to the weights that a run began with: their settings and logs, kept with it.

What is told of a model is held by it, not by the places of its ancestors: those get other weights.
"""

import shutil
from pathlib import Path

from facenet_res.core.artifact import TRAINING
from facenet_res.train.files import network_path
from facenet_res.train.log import CONFIG_NAME, LOG_NAME

EARLIER = "earlier"
"""Folder in a run, or in a model's record of one, with those of the runs before it: 1, 2, ..."""


def write_lineage(run: Path, start: str) -> None:
    """Copies the records of the runs behind some weights into a run's folder.

    Args:
        run: the folder; what it had of the kind is replaced.
        start: as in `TrainConfig`; weights whose place tells nothing of them leave nothing.

    Raises:
        OSError: it cannot be written.
    """
    shutil.rmtree(run / EARLIER, ignore_errors=True)
    for number, folder in enumerate(_behind(start), start=1):
        copy_record(folder, run / EARLIER / str(number), (CONFIG_NAME, LOG_NAME))


def copy_record(source: Path, target: Path, names: tuple[str, ...]) -> None:
    """Copies those of some files that are there.

    Raises:
        OSError: it cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def earlier_runs(record: Path) -> list[Path]:
    """The records in a run's `earlier`, the first run first."""
    found = [each for each in (record / EARLIER).glob("*") if each.name.isdigit()]
    return sorted(found, key=lambda each: int(each.name))


def _behind(start: str) -> list[Path]:
    """Records of the runs behind weights that lie in a model or a run, the first run first."""
    if not start:
        return []
    folder = network_path(start).parent
    record = next(
        (each for each in (folder / TRAINING, folder) if (each / CONFIG_NAME).is_file()), None
    )
    return [] if record is None else [*earlier_runs(record), record]
