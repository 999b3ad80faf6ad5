"""What a run says of itself as it goes: JSON lines for programs, events for TensorBoard."""

import json
import math
import time
from pathlib import Path
from typing import Any

from facenet_res.core.errors import DataInvalid
from facenet_res.core.files import drop_torn_line, write_fault
from facenet_res.train.events import EventLog

CONFIG_NAME = "config.json"
LOG_NAME = "log.jsonl"
EVENTS_NAME = "events"


class RunLog:
    """Appends rows; a line is whole or absent."""

    def __init__(self, folder: Path) -> None:
        """Goes on with the log of a folder.

        Raises:
            DiskFull: nothing could be written.
        """
        self._path = folder / LOG_NAME
        drop_torn_line(self._path)
        self._events = EventLog(folder / EVENTS_NAME, time.time)

    def write(self, step: int, row: dict[str, float]) -> None:
        """One line with the step's number, and one event.

        Raises:
            DiskFull: nothing could be written.
        """
        line = json.dumps({"step": step, **row}) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise write_fault(self._path, error) from error
        self._events.write(step, row)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run; where a killed run wrote a step twice, the later one counts.

    Raises:
        DataInvalid: a line other than the last is no JSON.
    """
    path = folder / LOG_NAME
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise DataInvalid(f"{path} line {number} is no JSON: {error}") from error
        kind = next((name for name in ("loss", "validation_tar") if name in row), "pairs_accuracy")
        rows[int(row["step"]), kind] = row
    return [rows[key] for key in sorted(rows)]


def column(rows: list[dict[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one figure, where it is finite."""
    found = [(row["step"], float(row[name])) for row in rows if row.get(name) is not None]
    kept = [(step, value) for step, value in found if math.isfinite(value)]
    return [step for step, _ in kept], [value for _, value in kept]
