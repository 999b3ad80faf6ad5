"""docs/data.md, followed to the letter: its commands run, and print what the page says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from facenet_res.cli.commands import main
from tests.snippets import blocks
from tests.training_sets import made_crops, write_insightface

PAGE = Path(__file__).parents[2] / "docs/data.md"
NOTE = "run by tests/e2e/test_data_page.py"
HASH = re.compile(r"(sha256 +)[0-9a-f]+")

pytestmark = pytest.mark.e2e


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page starts from: faces/ and faces_emore/."""
    counts = {"ada": 3, "bob": 2, "cleo": 1, "_unlabelled": 1}
    crops = iter(made_crops(counts))
    for identity, count in counts.items():
        for number in range(1, count + 1):
            file = tmp_path / "faces" / identity / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(next(crops).data)
    write_insightface(tmp_path / "faces_emore", made_crops({"0": 3, "1": 2, "4": 1}))
    return tmp_path


def test_the_page_does_what_it_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = [each for each in blocks("docs/data.md", PAGE.read_text("utf-8")) if each.note == NOTE]
    assert [each.language for each in mine].count("console") >= 5
    monkeypatch.chdir(folder)

    for block in mine:
        if block.language == "python":
            exec(compile(block.text, str(PAGE), "exec"), {})  # noqa: S102 - a page of ours
            continue
        for command, expected in steps(block.text):
            program, *words = shlex.split(command)
            capsys.readouterr()
            if program == "python":
                subprocess.run([sys.executable, *words], check=True)
            else:
                assert (program, main(words)) == ("facenet-res", 0), command
            if expected:
                printed = capsys.readouterr().out
                assert HASH.sub(r"\1HASH", printed) == HASH.sub(r"\1HASH", expected), command


def steps(console: str) -> list[tuple[str, str]]:
    """Commands and what the page shows below each."""
    parts = re.split(r"^\$ (.*)\n", console, flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))
