"""What came of one trial, as a JSON file that is kept and committed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facenet_res.core.errors import DataInvalid, StateError
from facenet_res.core.files import write_atomically
from facenet_res.train.config import TrainConfig
from facenet_res.train.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A trial, trained and judged.

    Attributes:
        config: of the training, without the place of the data.
        start_sha256: of the weights that it began from, "" for fresh ones.
        images: crops seen.
        images_per_s: in training, the median of the log's lines.
        tar: TAR over all pairs of the held-out people, by FAR such as "0.001".
        teacher_cosine: mean cosine to the first teacher on the held-out people's crops, or None.
        parameters: of the network.
        gmacs: 1e9 multiply-accumulates of the network for one face.
        face_ms: milliseconds a face on one core, by precision: "f32", "bf16", "int8".
        date: day on which it was finished, as 2026-11-25.
        environment: where.
    """

    config: dict[str, Any]
    start_sha256: str
    images: int
    images_per_s: float
    tar: dict[str, float]
    teacher_cosine: float | None
    parameters: int
    gmacs: float
    face_ms: dict[str, float]
    date: str
    environment: Environment


def settings_of(config: TrainConfig) -> dict[str, Any]:
    """What a record holds for: the settings that decide figures."""
    values = config.to_dict()
    for aside in ("save_every_s", "validate_every"):
        del values[aside]
    for place in ("crops", "start"):
        values[place] = Path(values[place]).name
    values["teachers"] = [_without_place(teacher) for teacher in values["teachers"]]
    # As JSON gives them back: tuples become lists.
    return dict(json.loads(json.dumps(values)))


def _without_place(teacher: str) -> str:
    """Where a file lies on somebody's machine decides no figure."""
    return Path(teacher).name if Path(teacher).is_absolute() else teacher


def write_record(path: Path, record: Record) -> None:
    """Writes a record whole or not at all.

    Raises:
        DiskFull: nothing could be written.
    """
    text = json.dumps(asdict(record), allow_nan=False, indent=1)
    write_atomically(path, (text + "\n").encode())


def read_record(path: Path, config: TrainConfig) -> Record:
    """Reads what `write_record` wrote.

    Raises:
        DataInvalid: the file is damaged.
        StateError: it is of another config.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        record = Record(**{**found, "environment": Environment(**found["environment"])})
    except (ValueError, KeyError, TypeError) as error:
        raise DataInvalid(f"{path} is no whole record: {error}") from error
    wanted = settings_of(config)
    if record.config != wanted:
        known = {**record.config, **wanted}
        changed = [name for name in known if record.config.get(name) != wanted.get(name)]
        raise StateError(
            f"{path} holds a trial with other settings ({', '.join(changed)}): "
            "remove it to measure anew"
        )
    return record
