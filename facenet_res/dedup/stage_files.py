"""How stages keep their results: JSON lines and Arrow files, written whole or not at all.

A stage that is killed loses what it did since its last part; a part that cannot be read is done
again. Nothing of it is trusted: the folder can be
deleted at any time and costs only the time to make it again. It holds pictures and embeddings of
people, so every file in it is for its owner only.
"""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.files import OWNER_ONLY, write_atomically
from facenet_res.dedup.types import SkippedFile

SHARD_ITEMS = 256


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Replaces a file of JSON lines.

    Raises:
        DiskFull: it could not be written; the old file is untouched.
    """
    lines = (json.dumps(record, sort_keys=True) + "\n" for record in records)
    write_atomically(path, "".join(lines).encode("ascii"), OWNER_ONLY)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines.

    Raises:
        FileMissing: the stage that writes it has not run.
        DataInvalid: a line is no JSON object.
    """
    if not path.is_file():
        raise FileMissing(f"{path} does not exist: run the stage that writes it first")
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataInvalid(f"{path}, line {number}: no JSON; delete the file") from error
            if not isinstance(record, dict):
                raise DataInvalid(f"{path}, line {number}: no JSON object; delete the file")
            yield record


def told_apart(table: pa.Table, paths: Mapping[str, str]) -> tuple[list[int], list[SkippedFile]]:
    """Rows of the images that could be read, and the files that could not, in the order of `paths`.

    Of an image that was read twice the last row counts: what was away may be there now.

    Args:
        table: with the columns `sha256`, `reason` ("" where it could be read) and `message`.
        paths: SHA-256 to path of the images that are asked for.
    """
    rows = {name: row for row, name in enumerate(table["sha256"].to_pylist()) if name in paths}
    named = [(name, rows[name]) for name in paths if name in rows]
    reasons, messages = table["reason"].to_pylist(), table["message"].to_pylist()
    skipped = [
        SkippedFile(paths[name], reasons[row], messages[row]) for name, row in named if reasons[row]
    ]
    return [row for _, row in named if not reasons[row]], skipped


class Parts:
    """A growing set of Arrow files, mapped into memory: a row costs memory once it is used."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema

    def read(self) -> pa.Table:
        """All rows of the parts that can be read, in the order they were written."""
        tables = []
        for path in sorted(self._folder.glob("*.arrow")):
            try:
                table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            except (pa.ArrowInvalid, OSError):
                table = None
            if table is None or table.schema != self._schema:
                path.unlink()
            else:
                tables.append(table)
        return pa.concat_tables(tables) if tables else self._schema.empty_table()

    def settled(self, retried: str) -> set[str]:
        """Values of the column `sha256` whose last row has another `reason` than `retried`."""
        table = self.read()
        names, reasons = table["sha256"].to_pylist(), table["reason"].to_pylist()
        last = dict(zip(names, reasons, strict=True))
        return {name for name, reason in last.items() if reason != retried}

    def append(self, records: list[dict[str, Any]]) -> None:
        """Adds a part.

        Raises:
            DiskFull: it could not be written.
        """
        numbers = [int(path.stem) for path in self._folder.glob("*.arrow")]
        self._write(max(numbers, default=-1) + 1, records)

    def replace(self, records: list[dict[str, Any]]) -> None:
        """Makes these all there is. For one writer and no reader.

        Raises:
            DiskFull: it could not be written; nothing is changed.
        """
        self._write(0, records)
        for path in self._folder.glob("*.arrow"):
            if int(path.stem) > 0:
                path.unlink()

    def _write(self, number: int, records: list[dict[str, Any]]) -> None:
        buffer = io.BytesIO()
        with pa.ipc.new_file(buffer, self._schema) as writer:
            writer.write_table(pa.Table.from_pylist(records, self._schema))
        write_atomically(self._folder / f"{number:08d}.arrow", buffer.getvalue(), OWNER_ONLY)
