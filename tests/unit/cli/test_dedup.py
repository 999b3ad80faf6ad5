"""`dedup`: the report is written, the folder is left as it was, and bad files are listed."""

import shutil
from pathlib import Path

from facenet_res.core import exit_codes
from tests.unit.cli.conftest import Run


def test_copies_are_counted_and_nothing_is_changed(
    run: Run, model: Path, photos: Path, text_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, copy in (("a.jpg", "1.jpg"), ("a.jpg", "2.jpg"), ("b.jpg", "3.jpg")):
        shutil.copy(photos / name, folder / copy)
    shutil.copy(text_file, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    ran = run("dedup", folder, "--out", tmp_path / "out", "--model", model, "--json")

    assert ran.code == exit_codes.OK
    counts = ran.json["counts"]
    assert (counts["photos"], counts["byte_equal_copies"], counts["skipped"]) == (3, 1, 1)
    assert ran.json["copy_groups"] == 1
    assert Path(ran.json["report"]).read_text().startswith("<!")
    assert "skipped text.jpg: " in ran.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_figures_are_readable(run: Run, model: Path, photos: Path, tmp_path: Path) -> None:
    ran = run("dedup", photos, "--out", tmp_path / "out", "--model", model, "--exact-only")
    assert ran.code == exit_codes.OK
    assert "byte-equal copies" in ran.out
    assert str(tmp_path / "out" / "report.html") in ran.out


def test_a_folder_without_photographs_is_an_input_error(
    run: Run, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "absent"):
        ran = run("dedup", tmp_path / folder, "--out", tmp_path / "out", "--model", model)
        assert ran.code == exit_codes.INPUT
        assert str(tmp_path / folder) in ran.err


def test_byte_equal_copies_need_no_model_and_list_no_people(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    ran = run(
        "dedup", photos, "--out", tmp_path / "out", "--exact-only", "--model", tmp_path / "absent",
        "--json",
    )  # fmt: skip
    assert ran.code == exit_codes.OK, ran.err
    assert (ran.json["model_id"], ran.json["person_groups"]) == ("", 0)
