"""All networks one after the other; what is recorded already is not measured again."""

import datetime
from collections.abc import Callable
from pathlib import Path

from experiments.depth.config import DepthConfig, Subject
from experiments.depth.crops import SmallCrops, batch_at, choose_crops, shrink
from experiments.depth.record import Record, check_same, read_record, write_record
from experiments.depth.start import SETTINGS, Setting, Start, measure_start
from experiments.depth.training import forget_state, fresh_network, train_subject
from facenet_res.core.progress import Tell
from facenet_res.data.crops import Crop
from facenet_res.train.environment import environment


def measure_depth(
    config: DepthConfig, crops: list[Crop], folder: Path, today: datetime.date, tell: Tell
) -> list[Record]:
    """Measures every network of the experiment, or reads what was measured before.

    Args:
        config: the experiment.
        crops: all there are; the config says which of them are used.
        folder: gets NAME.json for each network that is finished; made where absent. A call that
            was killed goes on there: with the next network, and within one from its last state.
        today: goes into the records that are new.
        tell: hears of progress.

    Returns:
        A record for each of `config.subjects`, in their order.

    Raises:
        DataInvalid: there are not enough crops, or a record is damaged.
        StateError: a record or a state in the folder is of other settings or crops.
        TrainingDiverged: a loss is no finite number.
        DiskFull: nothing could be written.
    """
    sets = {
        size: shrink(choose_crops(crops, *size))
        for size in {config.set_size(subject) for subject in config.subjects}
    }
    records = []
    for subject in config.subjects:
        small = sets[config.set_size(subject)]
        path = folder / f"{subject.name}.json"
        if path.exists():
            record = read_record(path)
            check_same(path, record, config.settings(subject), small.sha256)
        else:
            state = folder / f"{subject.name}.state"
            starts = _starts(subject, small, tell)
            trained = train_subject(config, subject, small, state, _step(subject, tell))
            record = Record(
                settings=config.settings(subject),
                data_sha256=small.sha256,
                starts=starts,
                losses=trained.losses,
                train_s=trained.train_s,
                date=today.isoformat(),
                environment=environment(),
            )
            write_record(path, record)
            forget_state(state)
        records.append(record)
    return records


def _starts(subject: Subject, small: SmallCrops, tell: Tell) -> dict[str, Start]:
    """The start in each setting that the network can be measured in.

    Without batch norm every pre-activation block doubles the variance, and a thousand layers of
    them pass the largest float32: those networks are measured as they are trained, alone.
    """
    settings: tuple[Setting, ...] = ("bn",) if subject.family == "cifar_preact" else SETTINGS
    images, labels = batch_at(small, subject.batch_size, subject.seed, 0)
    starts: dict[str, Start] = {}
    for number, setting in enumerate(settings):
        tell(f"{subject.name}, start", number, len(settings))
        network = fresh_network(subject, small.classes)
        starts[setting] = measure_start(network, setting, images, labels)
    return starts


def _step(subject: Subject, tell: Tell) -> Callable[[int], None]:
    return lambda done: tell(f"{subject.name}, steps", done, subject.steps)
