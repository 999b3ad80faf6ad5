"""`python -m experiments.depth`: draws what was measured, and says where the page is."""

import shutil
from pathlib import Path

import pytest

from experiments.depth.__main__ import main
from facenet_res.core import exit_codes
from tests.crops import write_crops
from tests.experiments.depth.miniature import Miniature

NETWORKS = ["cifar-plain8", "cifar-resnet8", "cifar-resnet11-preact"]


@pytest.fixture
def words(miniature: Miniature, tmp_path: Path) -> list[str]:
    """The command where all networks are measured already: `measure_depth` has tests of its own."""
    shutil.copytree(miniature.folder, tmp_path / "depth")
    return ["--smoke", "--crops", str(miniature.crops_path), "--out", str(tmp_path)]


def test_a_line_for_each_network_and_where_the_page_is(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == exit_codes.OK

    said = capsys.readouterr()
    head, *rows = said.out.splitlines()
    assert " ".join(head.split()) == "network seeds loss first loss last gradient first/last"
    assert [row.split()[0] for row in rows] == NETWORKS
    assert said.err == f"wrote {tmp_path / 'depth.md'}\n"
    assert "cifar-plain8" in (tmp_path / "depth.md").read_text("utf-8")
    assert (tmp_path / "depth" / "gradients.png").exists()


def test_records_of_other_crops_are_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words[words.index("--crops") + 1] = str(write_crops(tmp_path / "crops.zip", seed=1))

    assert main(words) == exit_codes.STATE
    assert "was measured with other crops" in capsys.readouterr().err


def test_absent_crops_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crops, out = str(tmp_path / "no.zip"), str(tmp_path)

    assert main(["--smoke", "--crops", crops, "--out", out]) == exit_codes.INPUT

    assert "no crops at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
