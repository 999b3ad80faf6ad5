"""What was measured of one network, as a JSON file that is kept."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.depth.start import Start
from facenet_res.core.errors import DataInvalid, StateError
from facenet_res.core.files import write_atomically
from facenet_res.train.environment import Environment

DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A network, measured.

    Attributes:
        settings: of `DepthConfig.settings`.
        data_sha256: of the crops.
        starts: by setting of `experiments.depth.start`.
        losses: float[S], mean cross-entropy of each step's batch, before the step.
        train_s: seconds that the steps took, other processes' share included.
        date: day on which it was finished, as 2026-11-25.
        environment: where.
    """

    settings: dict[str, Any]
    data_sha256: str
    starts: dict[str, Start]
    losses: list[float]
    train_s: float
    date: str
    environment: Environment


def write_record(path: Path, record: Record) -> None:
    """Writes a record whole or not at all; what is not finite becomes null.

    Raises:
        DiskFull: nothing could be written.
        NotWritable: we may not write there.
    """
    text = json.dumps(_rounded(asdict(record)), allow_nan=False, indent=None)
    write_atomically(path, (text + "\n").encode())


def read_record(path: Path) -> Record:
    """Reads what `write_record` wrote; null becomes NaN.

    Raises:
        DataInvalid: the file is damaged.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        starts = {
            name: Start(
                _number(start["loss"]),
                _numbers(start["gradients"]),
                _numbers(start["signals"]),
                _numbers(start["activations"]),
            )
            for name, start in found["starts"].items()
        }
        return Record(
            settings=dict(found["settings"]),
            data_sha256=str(found["data_sha256"]),
            starts=starts,
            losses=_numbers(found["losses"]),
            train_s=float(found["train_s"]),
            date=str(found["date"]),
            environment=Environment(**found["environment"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataInvalid(f"{path} is no whole record: {error}") from error


def check_same(path: Path, record: Record, settings: dict[str, Any], data_sha256: str) -> None:
    """Refuses a record of other settings or other crops.

    Raises:
        StateError: it is one; the message names what differs.
    """
    differing = sorted(
        name
        for name in {*record.settings, *settings}
        if record.settings.get(name) != settings.get(name)
    )
    if record.data_sha256 != data_sha256:
        differing.append("crops")
    if differing:
        raise StateError(
            f"{path} was measured with other {', '.join(differing)}; "
            "delete it or choose another folder"
        )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def _numbers(values: list[Any]) -> list[float]:
    return [_number(value) for value in values]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
