"""Every snippet of README and docs is run, or says why not."""

import re

import pytest

from tests.snippets import ROOT, RUNNABLE, Block, all_blocks, blocks

LANGUAGES = RUNNABLE | {"text", "toml", "csv"}


def faults(block: Block) -> list[str]:
    """What is wrong with a block."""
    where = f"{block.page}:{block.line}"
    found = []
    if block.language not in LANGUAGES:
        found.append(f"{where}: language {block.language!r} is not in {sorted(LANGUAGES)}")
    if block.language == "console" and not block.text.startswith("$ "):
        found.append(f"{where}: a console begins with $")
    if block.note:
        by = re.fullmatch(r"run by (tests/\S+\.py)", block.note)
        if by is None and not re.fullmatch(r"not run: \S.{9,}", block.note):
            found.append(f"{where}: a block is `not run: REASON` or `run by tests/FILE`")
        if by is not None and not (ROOT / by[1]).is_file():
            found.append(f"{where}: {by[1]} does not exist")
    return found


def test_every_block_is_run_or_says_why_not() -> None:
    assert [fault for block in all_blocks() for fault in faults(block)] == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n$ ls\n```\n",
        "```console\nls\n```\n",
        "<!-- not run: no -->\n```python\nx = 1\n```\n",
        "<!-- run by tests/absent.py -->\n```python\nx = 1\n```\n",
    ],
)
def test_a_fault_is_seen(text: str) -> None:
    (block,) = blocks("page.md", text)
    assert len(faults(block)) == 1


def test_a_comment_above_a_block_belongs_to_it() -> None:
    first, second = blocks(
        "page.md",
        "<!-- not run: takes an hour -->\n\n```console\n$ make\n```\n\n```python\nx = 1\n```\n",
    )
    assert (first.note, first.is_run, first.line) == ("not run: takes an hour", False, 3)
    assert (second.note, second.is_run) == ("", True)
