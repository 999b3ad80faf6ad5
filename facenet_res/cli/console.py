"""What a command says: answers on stdout, everything else on stderr."""

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRESS_DELAY_S = 2.0
COLUMN_GAP = "  "


def print_json(value: Any) -> None:
    """One JSON document on stdout; a number that is not finite becomes null.

    What stdout cannot spell, such as a file name that is no UTF-8, is escaped.
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(_finite(value), indent=2)
    print(text)


def prepare_streams() -> None:
    """Has nothing that is printed fail: a sign the stream cannot spell is escaped.

    A stream that the caller closed (`>&-`) is None in Python; it becomes one that swallows.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, sink)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """A text on one line: line breaks, control characters and broken UTF-8 are spelled out."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns of equal width on stdout, a line for each row; nothing where there is no row."""
    if not rows:
        return
    lines = [tuple(header), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(COLUMN_GAP.join(cells).rstrip())


def print_pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Name and value on stdout, the values below each other."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name.ljust(width)}{COLUMN_GAP}{printable(value)}")


def note(text: str) -> None:
    """A line on stderr."""
    print(printable(text), file=sys.stderr)


@contextmanager
def progress(total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's stderr for work over two seconds; tell what it yields the number done.

    A log file gets no bar: thousands of its states would bury what else is said there.
    """
    from tqdm import tqdm

    with tqdm(
        total=total, unit=unit, file=sys.stderr, delay=PROGRESS_DELAY_S, leave=False, disable=None
    ) as bar:
        yield lambda done: _set(bar, done)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for work in several stages; call what it yields with (stage, done, total)."""
    from tqdm import tqdm

    with tqdm(file=sys.stderr, delay=PROGRESS_DELAY_S, leave=False, disable=None) as bar:

        def tell(stage: str, done: int, total: int) -> None:
            if bar.disable:
                return
            if bar.desc != f"{stage}: ":
                bar.set_description(stage, refresh=False)
                # Not bar.reset(): that draws at once, delay or no delay.
                bar.n = 0
            bar.total = total or None
            _set(bar, done)

        yield tell


def _set(bar: Any, done: int) -> None:
    if not bar.disable:
        bar.update(done - bar.n)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
