"""The fenced blocks of README.md and docs/, and what each says of being run as a test.

A block of Python or of a console is run by tests/e2e/test_snippets.py unless the line above it is
`<!-- not run: REASON -->` or `<!-- run by tests/PATH -->`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?:^<!-- (.*?) -->\n\n?)?^```(\w*)\n(.*?)^```$", re.M | re.S)
RUNNABLE = {"console", "python"}


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: path relative to the repository.
        line: of the fence, from 1.
        language: after the fence; "" where there is none.
        text: between the fences.
        note: the comment above it, or "".
    """

    page: str
    line: int
    language: str
    text: str
    note: str

    @property
    def is_run(self) -> bool:
        """Whether tests/e2e/test_snippets.py runs it."""
        return self.language in RUNNABLE and not self.note


def blocks(page: str, text: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    return [
        Block(page, text.count("\n", 0, found.start(2)) + 1, found[2], found[3], found[1] or "")
        for found in FENCE.finditer(text)
    ]


def all_blocks() -> list[Block]:
    """The blocks of every page."""
    return [
        block
        for page in PAGES
        for block in blocks(str(page.relative_to(ROOT)), page.read_text("utf-8"))
    ]
