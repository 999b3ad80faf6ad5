"""`models depth`: measures, draws, says where the page is; the second time it only draws."""

from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from tests.crops import write_crops
from tests.unit.cli.conftest import Run

NETWORKS = ["cifar-plain8", "cifar-resnet8", "cifar-resnet11-preact"]


def test_a_page_is_made_and_drawn_again_without_measuring_again(run: Run, tmp_path: Path) -> None:
    crops, out = write_crops(tmp_path / "mine.zip"), tmp_path / "out"
    words = ("models", "depth", "--smoke", "--crops", crops, "--out", out)

    first = run(*words)

    assert first.code == exit_codes.OK
    head, *rows = first.out.splitlines()
    assert head.split() == ["network", "seeds", "loss", "first", "loss", "last", "gradient"] + [
        "first/last"
    ]
    assert [row.split()[0] for row in rows] == NETWORKS
    assert f"the page is {out / 'depth.md'}" in first.err
    records = {path: path.stat().st_mtime_ns for path in (out / "depth").glob("*.json")}
    (out / "depth.md").unlink()

    second = run(*words, "--json")

    assert (out / "depth.md").exists()
    assert {path: path.stat().st_mtime_ns for path in (out / "depth").glob("*.json")} == records
    networks = second.json["networks"]
    assert [network["name"] for network in networks] == NETWORKS
    for row, network in zip(rows, networks, strict=True):
        assert row.split()[3] == f"{network['loss_last']:.3f}"
        assert network["steps"] == 3


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
