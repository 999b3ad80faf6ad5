"""`data clean` writes what a recipe reads, and a page to look at."""

from pathlib import Path

from facenet_res.core import exit_codes
from facenet_res.data.doubts import read_doubted
from tests.crops import write_crops
from tests.unit.cli.conftest import Run


def test_a_list_and_a_page_are_written(run: Run, model: Path, tmp_path: Path) -> None:
    crops = write_crops(tmp_path / "crops.zip", identities=3, crops=3)
    words = ("--out", tmp_path / "out", "--model", model, "--threshold", 1.0, "--json")

    ran = run("develop", "data", "clean", crops, *words)

    assert ran.code == exit_codes.OK
    # At a threshold of 1 every crop is doubted that is not alone.
    assert ran.json["crops"] == len(ran.json["doubted"]) == 9
    listed = read_doubted(tmp_path / "out" / "doubted.csv")
    assert listed == {each["file"] for each in ran.json["doubted"]}
    assert "<svg" in (tmp_path / "out" / "report.html").read_text()


def test_a_threshold_out_of_range_is_refused(run: Run, model: Path, tmp_path: Path) -> None:
    crops = write_crops(tmp_path / "crops.zip")

    ran = run(
        "develop", "data", "clean", crops, "--out", tmp_path, "--model", model, "--threshold", 3
    )

    assert ran.code == exit_codes.INPUT
    assert "got 3" in ran.err
