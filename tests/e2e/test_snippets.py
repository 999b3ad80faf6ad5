"""The snippets of README and docs, run as a reader would: in order, on files of those names."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest

from experiments.demo.variations import rotated, scaled, with_gamma
from facenet_res.core.types import Image
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.portraits import portrait
from tests.serving import ROOT, ServerProcess
from tests.snippets import Block, all_blocks

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ADDRESS = "127.0.0.1:50051"
STATUS = re.compile(r"\s+# status (\d+)$")
RUN = [block for block in all_blocks() if block.is_run]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The images that the pages name: Ada is Eileen Collins, Bob Grace Hopper."""
    ada, bob = portrait("astronaut"), portrait("grace_hopper")
    files = {
        "passport.jpg": ada,
        "selfie.jpg": rotated(with_gamma(ada, 0.8), 5),
        "ada.jpg": ada,
        "ada1.jpg": ada,
        "ada2.jpg": scaled(ada, 0.7),
        "1.jpg": ada,
        "2.jpg": scaled(ada, 0.7),
        "visitor.jpg": with_gamma(ada, 1.3),
        "portrait.jpg": bob,
        "party.jpg": beside(ada, bob),
        "photos/ada/1.jpg": ada,
        "photos/ada/2.jpg": scaled(ada, 0.7),
        "photos/bob/1.jpg": bob,
    }
    for name, image in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(image))
    size_px = (ada.shape[1], ada.shape[0])
    pillow_heif.from_bytes("RGB", size_px, ada.tobytes()).save(tmp_path / "party.heic")
    (tmp_path / "notes.txt").write_text("hi\n")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "ada.jpg").read_bytes()[:20_000])
    write_random_artifact(tmp_path / "models" / "mine")
    return tmp_path


def beside(left: Image, right: Image) -> Image:
    """Both in one image."""
    height_px = min(len(left), len(right))
    return np.concatenate([left[:height_px], right[:height_px]], axis=1)


@pytest.mark.parametrize("page", sorted({block.page for block in RUN}))
def test_the_snippets_of_the_page_run(page: str, folder: Path) -> None:
    bin_folder = folder / ".bin"
    bin_folder.mkdir()
    program = bin_folder / "facenet-res"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m facenet_res.cli "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
    }
    chosen = [block for block in RUN if block.page == page]
    if not any(ADDRESS in block.text for block in chosen):
        run_all(chosen, folder, environment, ADDRESS)
        return
    served = folder / ".served"
    served.mkdir()
    with ServerProcess(served, None, "--log-level", "warning") as server:
        run_all(chosen, folder, environment, server.address)


def run_all(chosen: list[Block], folder: Path, environment: dict[str, str], address: str) -> None:
    """Runs each block in a process of its own: no block needs the names of one before it."""
    for block in chosen:
        text = block.text.replace(ADDRESS, address)
        if block.language == "python":
            run([sys.executable, "-c", text], 0, block, folder, environment)
            continue
        for line in commands(text):
            status = STATUS.search(line)
            command = ["bash", "-c", STATUS.sub("", line)]
            run(command, int(status[1]) if status else 0, block, folder, environment)


def run(
    command: list[str], status: int, block: Block, folder: Path, environment: dict[str, str]
) -> None:
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    where = f"{block.page}:{block.line}: {shlex.join(command)}"
    assert ended.returncode == status, f"{where}\n{ended.stdout}{ended.stderr}"


def commands(text: str) -> list[str]:
    """The lines after `$`, with those that a backslash joins to them."""
    joined = text.replace("\\\n", " ")
    return [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]


def test_there_are_snippets_to_run() -> None:
    assert len(RUN) >= 8
    assert commands("$ a \\\n  b\nout\n$ c  # status 2\n") == ["a    b", "c  # status 2"]
