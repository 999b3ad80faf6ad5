"""Our own results are told from the user's files, and no file of ours is forgotten."""

from pathlib import Path

import pytest

from facenet_res.dedup.own_files import has_results, is_own
from facenet_res.dedup.run import deduplicate
from facenet_res.recognizer.recognizer import FaceRecognizer


def test_whatever_a_run_leaves_is_known_as_ours(photos: Path, recognizer: FaceRecognizer) -> None:
    deduplicate(photos, photos.parent / "out", recognizer=recognizer)
    names = {path.name for path in (photos.parent / "out").iterdir()}
    assert has_results(names)
    assert [name for name in names if not is_own(name)] == []


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ({"report.html", "report.json", "groups.csv", "summary.txt", "a.jpg"}, True),
        ({"scan.jsonl", "scan_skipped.jsonl"}, True),
        ({"scan.jsonl", "report.html", "summary.txt"}, False),
        (set(), False),
    ],
)
def test_a_folder_of_results_is_known_by_several_names(names: set[str], verdict: bool) -> None:
    assert has_results(names) is verdict


@pytest.mark.parametrize("name", ["hashes.jpg", "faces-of-ada", "verdicts", "my report.html"])
def test_other_names_are_the_users(name: str) -> None:
    assert not is_own(name)
