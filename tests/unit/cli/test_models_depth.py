"""`models depth`: draws what was measured, and says where the page is."""

import shutil
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from tests.crops import write_crops
from tests.depth import Miniature
from tests.unit.cli.conftest import Run

NETWORKS = ["cifar-plain8", "cifar-resnet8", "cifar-resnet11-preact"]


@pytest.fixture
def words(miniature: Miniature, tmp_path: Path) -> list[object]:
    """The command where all networks are measured already: `measure_depth` has tests of its own."""
    shutil.copytree(miniature.folder, tmp_path / "depth")
    return ["models", "depth", "--smoke", "--crops", miniature.crops_path, "--out", tmp_path]


def test_a_line_for_each_network_and_where_the_page_is(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    ran = run(*words)

    assert ran.code == exit_codes.OK
    head, *rows = ran.out.splitlines()
    assert " ".join(head.split()) == "network seeds loss first loss last gradient first/last"
    assert [row.split()[0] for row in rows] == NETWORKS
    assert ran.err == f"the page is {tmp_path / 'depth.md'}\n"
    assert "cifar-plain8" in (tmp_path / "depth.md").read_text("utf-8")
    assert (tmp_path / "depth" / "gradients.png").exists()


def test_json_has_the_figures_of_the_records(
    run: Run, words: list[object], miniature: Miniature
) -> None:
    networks = run(*words, "--json").json["networks"]

    assert [network["name"] for network in networks] == NETWORKS
    for network, record in zip(networks, miniature.records, strict=True):
        gradients = record.starts["bn"].gradients
        # Three steps have windows of one.
        assert network["loss_first"] == pytest.approx(record.losses[0], rel=1e-4)
        assert network["loss_last"] == pytest.approx(record.losses[-1], rel=1e-4)
        assert network["gradient_first_over_last"] == pytest.approx(
            gradients[0] / gradients[-1], rel=1e-3
        )
        assert (network["steps"], network["seeds"]) == (3, [0])


def test_records_of_other_crops_are_refused(run: Run, words: list[object], tmp_path: Path) -> None:
    words[words.index("--crops") + 1] = write_crops(tmp_path / "crops.zip", seed=1)

    ran = run(*words)

    assert ran.code == exit_codes.STATE
    assert "was measured with other crops" in ran.err


def test_absent_crops_are_named(run: Run, tmp_path: Path) -> None:
    ran = run("models", "depth", "--smoke", "--crops", tmp_path / "no.zip", "--out", tmp_path)
    assert ran.code == exit_codes.INPUT
    assert "no crops at" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "extra"), [("keras", "train"), ("matplotlib", "plots")])
def test_what_is_not_installed_is_said_with_its_extra(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    monkeypatch.setattr(
        "facenet_res.cli.models_depth.importlib.util.find_spec",
        lambda name: None if name == module else object(),
    )
    ran = run("models", "depth", "--out", tmp_path)
    assert ran.code == exit_codes.UNAVAILABLE
    assert f"facenet-res[{extra}]" in ran.err
