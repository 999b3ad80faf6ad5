"""The stages together: nothing is changed, all is repeatable, faults are named."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid, FileMissing, NotWritable, RunLocked
from facenet_res.core.process_lock import ProcessLock
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.own_files import LOCK_NAME
from facenet_res.dedup.progress import Progress
from facenet_res.dedup.run import StageRange, deduplicate, run_stages
from facenet_res.dedup.types import Stage
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.unit.dedup.pictures import picture, save

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
REPORTS = ("report.json", "groups.csv", "report.html", "summary.txt")


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of every file."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_photos_stay_as_they_are(photos: Path, recognizer: FaceRecognizer) -> None:
    before = contents(photos)
    deduplicate(photos, photos.parent / "out", recognizer=recognizer)
    assert contents(photos) == before


def test_the_same_photos_give_the_same_bytes(photos: Path, recognizer: FaceRecognizer) -> None:
    # given two runs into two folders, and one that goes on from the first
    runs = []
    for name in ("one", "two", "one"):
        out = photos.parent / name
        deduplicate(photos, out, recognizer=recognizer, clock=lambda: NOON)
        runs.append([(out / report).read_bytes() for report in REPORTS])
    # then all agree
    assert runs[0] == runs[1] == runs[2]


def test_every_stage_tells_its_progress_in_order(photos: Path, recognizer: FaceRecognizer) -> None:
    told: list[Progress] = []
    deduplicate(photos, photos.parent / "out", recognizer=recognizer, on_progress=told.append)
    assert list(dict.fromkeys(now.stage for now in told)) == list(Stage)
    for stage in list(Stage)[1:]:
        last = [now for now in told if now.stage == stage][-1]
        assert last.done == last.total


def test_stages_run_one_by_one_give_the_same(photos: Path, recognizer: FaceRecognizer) -> None:
    whole, pieces = photos.parent / "whole", photos.parent / "pieces"
    report = deduplicate(photos, whole, recognizer=recognizer)
    for stage in Stage:
        run_stages(photos, pieces, stages=StageRange(stage, stage), recognizer=recognizer)
    assert report.groups.copies
    for name in ("groups.jsonl", "groups.csv", "summary.txt"):
        assert (pieces / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.parametrize("stage", list(Stage)[1:])
def test_a_stage_without_the_one_before_says_so(photos: Path, stage: Stage) -> None:
    with pytest.raises(FileMissing, match="run the stage"):
        run_stages(photos, photos.parent / "out", stages=StageRange(stage, stage))


def test_stages_do_not_run_backwards() -> None:
    with pytest.raises(ArgumentInvalid, match="pairs comes after stage scan"):
        StageRange(Stage.PAIRS, Stage.SCAN)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nowhere does not exist"):
        deduplicate(tmp_path / "nowhere", tmp_path / "out")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(ArgumentInvalid, match="holds no photo"):
        deduplicate(tmp_path / "photos", tmp_path / "out")


def test_the_photos_folder_is_no_output_folder(photos: Path) -> None:
    before = contents(photos)
    with pytest.raises(ArgumentInvalid, match="folder of the photos"):
        deduplicate(photos, photos / "copies" / "..")
    assert contents(photos) == before


def test_a_file_is_no_output_folder(photos: Path) -> None:
    with pytest.raises(ArgumentInvalid, match="is a file"):
        deduplicate(photos, photos / "notes.txt")


def test_an_output_folder_that_cannot_be_made_is_named(photos: Path) -> None:
    with pytest.raises(NotWritable, match=r"cannot write .*out"):
        deduplicate(photos, photos / "notes.txt" / "out")


def test_the_output_folder_is_for_its_owner_only(photos: Path) -> None:
    deduplicate(photos, photos.parent / "out", DedupConfig())
    assert (photos.parent / "out").stat().st_mode & 0o077 == 0


def test_its_files_are_for_their_owner_only_also_in_a_folder_open_to_all(
    photos: Path, recognizer: FaceRecognizer
) -> None:
    out = photos.parent / "out"
    out.mkdir(mode=0o755)
    deduplicate(photos, out, recognizer=recognizer)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) >= 10
    assert {path.name: path.stat().st_mode & 0o077 for path in files if path.is_file()} == {
        path.name: 0 for path in files
    }


@pytest.mark.parametrize("is_there", [False, True])
def test_a_refused_run_leaves_no_folder_that_was_not_there(tmp_path: Path, is_there: bool) -> None:
    # given a folder without photos, and an output folder two levels down
    (tmp_path / "photos").mkdir()
    out = tmp_path / "new" / "out"
    if is_there:
        out.mkdir(parents=True)
    with pytest.raises(ArgumentInvalid, match="holds no photo"):
        deduplicate(tmp_path / "photos", out)
    assert out.exists() == out.parent.exists() == is_there


def test_a_refused_run_keeps_what_is_in_the_folder(photos: Path) -> None:
    out = photos.parent / "out"
    run_stages(photos, out, stages=StageRange(Stage.SCAN, Stage.SCAN))
    with pytest.raises(FileMissing, match="run the stage"):
        run_stages(photos, out, stages=StageRange(Stage.CLUSTER, Stage.CLUSTER))
    assert (out / "scan.jsonl").is_file()


def test_paths_may_be_strings(photos: Path) -> None:
    report = deduplicate(str(photos), f"{photos.parent}/out")
    assert report.groups.copies
    stages = StageRange(Stage.REPORT, Stage.REPORT)
    run_stages(str(photos), f"{photos.parent}/out", stages=stages)


def test_a_folder_that_may_not_be_looked_at_is_named(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(FileMissing, match="photos: Permission denied"):
        deduplicate(photos, photos.parent / "out")


def test_an_earlier_report_among_the_photos_is_told_in_one_line(
    photos: Path, recognizer: FaceRecognizer
) -> None:
    # given the results of a run inside the folder, and a photograph that somebody put there
    before = deduplicate(photos, photos / "old", recognizer=recognizer).groups
    save(photos / "old" / "hashes.jpg", picture(9))
    # when a run has its output elsewhere
    after = deduplicate(photos, photos.parent / "out", recognizer=recognizer).groups
    # then nothing of the results is listed by itself, and the photograph takes part
    new = set(after.skipped) - set(before.skipped)
    assert [(file.path, file.reason) for file in new] == [("old", "EARLIER_RESULTS")]
    assert after.counts.photos == before.counts.photos + 1


def test_where_no_photo_can_be_read_the_report_lists_them_all(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(b"\xff\xd8\xff" + name.encode())
    report = deduplicate(tmp_path / "photos", tmp_path / "out")
    assert report.groups.counts.photos == 0
    assert [file.reason for file in report.groups.skipped] == ["IMAGE_UNREADABLE"] * 2


def test_a_second_run_into_one_folder_is_refused(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lock = ProcessLock(out / LOCK_NAME, "the output folder", RunLocked)
    with pytest.raises(RunLocked, match=str(os.getpid())):
        deduplicate(photos, out)
    lock.release()
    assert deduplicate(photos, out).groups.copies
