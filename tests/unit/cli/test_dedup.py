"""`dedup`: the report is written, the folder is left as it was, and bad files are listed."""

import shutil
import signal
import subprocess
import sys
import urllib.request
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


def test_copies_are_moved_away_and_come_back(run: Run, photos: Path, tmp_path: Path) -> None:
    folder, out, moved = tmp_path / "folder", tmp_path / "out", tmp_path / "moved"
    folder.mkdir()
    for copy in ("1.jpg", "2.jpg"):
        shutil.copy(photos / "a.jpg", folder / copy)
    run("dedup", folder, "--out", out, "--exact-only")
    assert run("dedup", "apply", out, "--to", moved, "--dry-run").code == exit_codes.OK
    assert sorted(path.name for path in folder.iterdir()) == ["1.jpg", "2.jpg"]
    ran = run("dedup", "apply", out, "--to", moved, "--json")
    (step,) = ran.json["steps"]
    assert (step["removal"]["path"], step["removal"]["why"]) == ("2.jpg", "byte-equal")
    assert [path.name for path in moved.iterdir()] == ["2.jpg"]
    assert run("dedup", "apply", out, "--undo").code == exit_codes.OK
    assert sorted(path.name for path in folder.iterdir()) == ["1.jpg", "2.jpg"]


def test_a_copy_that_changed_is_left_alone_with_status_2(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "folder", tmp_path / "out"
    folder.mkdir()
    for copy in ("1.jpg", "2.jpg"):
        shutil.copy(photos / "a.jpg", folder / copy)
    run("dedup", folder, "--out", out, "--exact-only")
    (folder / "2.jpg").write_bytes(b"new")
    script = tmp_path / "plan.sh"
    assert run("dedup", "apply", out, "--to", tmp_path, "--script", script).code == exit_codes.OK
    assert "2.jpg" in script.read_text()
    ran = run("dedup", "apply", out, "--hard-link")
    assert ran.code == exit_codes.INPUT
    assert "left alone 2.jpg: " in ran.err
    assert (folder / "2.jpg").read_bytes() == b"new"


def test_apply_and_review_need_a_report(run: Run, tmp_path: Path) -> None:
    for words in (("apply", tmp_path, "--undo"), ("review", tmp_path)):
        ran = run("dedup", *words)
        assert ran.code == exit_codes.INPUT
        assert "holds no report" in ran.err


def test_review_prints_an_address_and_ends_by_a_signal(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    run("dedup", photos, "--out", tmp_path / "out", "--exact-only")
    words = [sys.executable, "-m", "facenet_res.cli", "dedup", "review", str(tmp_path / "out")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        url = made.stdout.readline().strip()
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(url) as page:
            assert b"report_files/index.js" in page.read()
        made.send_signal(signal.SIGINT)
        assert made.wait(20) == 130
