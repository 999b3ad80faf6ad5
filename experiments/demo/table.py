"""The answers as a table: what was asked, what was said, how near, how fast, as expected or not."""

from dataclasses import dataclass

HEADER = ("job", "question", "answer", "similarity", "threshold", "ms", "")
RIGHT_ALIGNED = frozenset({3, 4, 5})
TEXT_MAX = 68


@dataclass(frozen=True, slots=True)
class Row:
    """One question and its answer.

    Attributes:
        job: what was done, in a word.
        question: in the reader's words.
        answer: what was said.
        ms: time from the question to the answer, the wire included; None where it was one of
            several answers found together.
        is_expected: whether it is what should have been said.
        similarity: cosine in [-1, 1]; None where nothing was compared.
        threshold: the least similarity of the same person; None as above.
    """

    job: str
    question: str
    answer: str
    ms: float | None
    is_expected: bool
    similarity: float | None = None
    threshold: float | None = None


def rendered(rows: list[Row]) -> str:
    """The table, numbers aligned at the right."""
    lines = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    rule = "  ".join("-" * width for width in widths).rstrip()
    body = [_aligned(line, widths) for line in lines]
    return "\n".join([body[0], rule, *body[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.job,
        _short(row.question),
        _short(row.answer),
        "" if row.similarity is None else f"{row.similarity:.3f}",
        "" if row.threshold is None else f"{row.threshold:.3f}",
        "" if row.ms is None else f"{row.ms:.0f}",
        "as expected" if row.is_expected else "NOT AS EXPECTED",
    )


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    aligned = (
        cell.rjust(width) if column in RIGHT_ALIGNED else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 3] + "..."
