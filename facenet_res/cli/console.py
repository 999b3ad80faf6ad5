"""What a command says: answers on stdout, everything else on stderr."""

import io
import json
import logging
import math
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRESS_DELAY_S = 2.0
LINES_EVERY_S = 10.0
LOGGER = "facenet_res"
COLUMN_GAP = "  "
ELLIPSIS = "..."
COLUMN_MIN = 20


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
    """Columns of equal width on stdout, a line for each row; nothing where there is no row.

    Where a terminal is too narrow the first column, a path or a name, is shortened in the middle,
    and the last one is wrapped.
    """
    if not rows:
        return
    lines = [tuple(header), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    total, columns = sum(widths) + len(COLUMN_GAP) * (len(widths) - 1), _columns()
    for column in (0, -1):
        narrower = max(COLUMN_MIN, widths[column] - max(0, total - columns))
        total -= widths[column] - min(widths[column], narrower)
        widths[column] = min(widths[column], narrower)
    for line in lines:
        *cells, last = (shortened(line[0], widths[0]), *line[1:])
        label = "".join(
            cell.ljust(width) + COLUMN_GAP for cell, width in zip(cells, widths, strict=False)
        )
        _print_wrapped(label, last, widths[-1])


def print_pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Name and value on stdout, the values below each other, wrapped in a narrow terminal."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        label = name.ljust(width) + COLUMN_GAP
        _print_wrapped(label, printable(value), max(COLUMN_MIN, _columns() - len(label)))


def print_answer(document: Any, rows: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    """The document where --json was given, else its name and value pairs."""
    if as_json:
        print_json(document)
    else:
        print_pairs(rows)


def _print_wrapped(label: str, text: str, width: int) -> None:
    """A label, and a text in a column of its own beside it; a long word is never broken."""
    parts = [text]
    if len(text) > width:
        parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    for number, part in enumerate(parts):
        print(f"{' ' * len(label) if number else label}{part}".rstrip())


def shortened(text: str, width: int) -> str:
    """A text in at most so many columns, its middle left out: the ends tell files apart."""
    if len(text) <= width:
        return text
    tail = (width - len(ELLIPSIS)) * 2 // 3
    return text[: width - len(ELLIPSIS) - tail] + ELLIPSIS + text[-tail:]


def _columns() -> int:
    """Width of the terminal; without limit where stdout is none and COLUMNS is not set."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return sys.maxsize


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural where there is not one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def note(text: str) -> None:
    """A line on stderr, unless --quiet was given."""
    if not _is_quiet():
        complain(text)


def complain(text: str) -> None:
    """A line on stderr."""
    print(printable(text), file=sys.stderr)


def set_verbosity(*, verbose: bool, quiet: bool) -> None:
    """Has the library log to stderr from INFO on, or nothing but errors be said."""
    logging.basicConfig(stream=sys.stderr, format="%(name)s: %(message)s", force=True)
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    logging.getLogger(LOGGER).setLevel(level)


def _is_quiet() -> bool:
    return not logging.getLogger(LOGGER).isEnabledFor(logging.WARNING)


@contextmanager
def progress(total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Shows work of over two seconds on stderr; tell what it yields the number done."""
    with stages(unit) as tell:
        yield lambda done: tell("", done, total)


@contextmanager
def stages(unit: str = "") -> Iterator[Callable[[str, int, int], None]]:
    """The same for work in several stages; call what it yields with (stage, done, total).

    A terminal gets a bar; a log file gets a line now and then.
    """
    if _is_quiet():
        yield lambda stage, done, total: None
    elif sys.stderr.isatty():
        with _bar(unit) as tell:
            yield tell
    else:
        yield Lines(unit, time.monotonic)


class Lines:
    """Progress as lines on stderr: the first after two seconds, then one in ten."""

    def __init__(self, unit: str, clock: Callable[[], float]) -> None:
        self._unit = unit
        self._clock = clock
        self._due_s = clock() + PROGRESS_DELAY_S

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Says how much is done, where it is time to."""
        now_s = self._clock()
        if now_s < self._due_s or not done:
            return
        self._due_s = now_s + LINES_EVERY_S
        share = f" of {total:,} ({100 * done / total:.0f} %)" if total else ""
        name = f"{stage}: " if stage else ""
        complain(f"{name}{done:,}{share} {self._unit}".rstrip())


@contextmanager
def _bar(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit=unit or "it", file=sys.stderr, delay=PROGRESS_DELAY_S, leave=False) as bar:

        def tell(stage: str, done: int, total: int) -> None:
            if bar.total is None:
                # What was done before, as in a resumed run, is none of this one's rate.
                bar.initial = bar.n = bar.last_print_n = max(0, done - 1)
            if stage and bar.desc != f"{stage}: ":
                bar.set_description(stage, refresh=False)
                # Not bar.reset(): that draws at once, delay or no delay.
                bar.n = 0
            bar.total = total or None
            bar.update(done - bar.n)

        yield tell


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
