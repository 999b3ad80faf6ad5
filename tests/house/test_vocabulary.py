"""Docs, docstrings, help texts and messages use the terms of the field: see docs/glossary.md."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The word and what to write instead.
INSTEAD = {
    r"false accepts?": "FMR (1:1), FPIR (1:N), false match",
    r"false rejects?": "FNMR (1:1), FNIR (1:N), false non-match",
    r"strangers?": "non-enrolled person, impostor",
    r"living faces?": "liveness, presentation attack detection",
    r"similar enough": "threshold",
    r"less by": "subtract",
    r"photographs?|pictures?|(?<![-./\w])(?<!evaluate )photos?(?![-./\w])": "image",
    r"state of before": "checkpoint",
    r"lessons?": "epoch, step",
    r"panel": "evaluation, teachers",
    r"(?:a|the|each|every|next|last) looks?": "evaluation",
    r"doubted|doubts": "suspicious label",
    r"what may happen to a face": "augmentation",
    r"is another one": "checksum mismatch",
    r"(?:is|are) answered with": "raises, returns",
    r"asks? for": "requires",
    r"speaks": "raises, returns, requires, defaults to",
}
WORDS = {word: re.compile(rf"\b(?:{word})\b", re.I) for word in INSTEAD}
# Standards and records: the glossary defines the words, studies were measured in their day.
EXEMPT = ("docs/glossary.md", "docs/studies/", "docs/depth/", "facenet_res/v1/")
SUFFIXES = (".py", ".md", ".proto", ".j2")
TOPS = ("README.md", "CONTRIBUTING.md", "docs", "facenet_res", "server", "experiments", "protos")
# What is not rewritten yet: the most uses in a place. A number may fall and never rise.
ALLOWED = {
    "README.md": 1,
    "docs": 10,
    "experiments": 2,
    "facenet_res/cli": 6,
    "facenet_res/convert": 2,
    "facenet_res/dedup": 86,
    "facenet_res/evaluation": 13,
    "facenet_res/export": 2,
    "facenet_res/gallery": 2,
    "facenet_res/models": 2,
    "facenet_res/train": 27,
    "facenet_res/weights": 13,
}


def prose(path: Path) -> Iterator[str]:
    """What people read in a file: of Python its docstrings and texts, of others all."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def uses(text: str) -> list[str]:
    """The words of a text that have a better one."""
    return [found for word in WORDS.values() for found in word.findall(text)]


def place(name: str) -> str:
    """Where a file is counted: its package, or itself."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "facenet_res" and len(parts) > 2 else parts[0]


def counted() -> dict[str, Counter[str]]:
    """Uses by place and word."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", *TOPS),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found: dict[str, Counter[str]] = {}
    for name in listed:
        path = ROOT / name
        if name.startswith(EXEMPT) or path.suffix not in SUFFIXES or not path.is_file():
            continue
        for text in prose(path):
            found.setdefault(place(name), Counter()).update(map(str.lower, uses(text)))
    return found


def test_no_place_has_more_words_to_replace_than_before() -> None:
    found = counted()
    if not found:
        pytest.skip("needs Git, to know which files belong to the project")
    over = {
        where: f"{sum(words.values())} uses, at most {ALLOWED.get(where, 0)}: {dict(words)}"
        for where, words in found.items()
        if sum(words.values()) > ALLOWED.get(where, 0)
    }
    assert over == {}, f"write instead: {INSTEAD}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Rejects strangers in a photograph.", 2),
        ("an FPIR of non-enrolled people; photos/ada/1.jpg in photos.zip; --photos DIR", 0),
        ("The false accept rate is answered with a panel.", 3),
    ],
)
def test_a_use_is_seen(text: str, count: int) -> None:
    assert len(uses(text)) == count
