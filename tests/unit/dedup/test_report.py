"""The report in its four forms, with hostile names."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.groups_file import read_groups, write_groups
from facenet_res.dedup.html import rendered
from facenet_res.dedup.report import as_csv, as_json, write_report
from facenet_res.dedup.summary import size_text, summary_of, threshold_text
from facenet_res.dedup.types import (
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    DedupReport,
    FacesAlike,
    Groups,
    PersonFace,
    PersonGroup,
    SkippedFile,
)
from tests.unit.dedup.pictures import picture, save

NASTY = '=<script>alert("1")</script>&.jpg'
BOX = Box(10.0, 20.0, 60.0, 80.0)


def member(path: str, kind: str, *changes: str) -> CopyMember:
    return CopyMember(path, 1500, 300, 360, "ab" * 32, CopyKind(kind), changes, 0.999)


def face(path: str, *copies: str) -> PersonFace:
    return PersonFace(path, BOX, 0.99, 0.8, copies)


REPORT = DedupReport(
    folder="/photos",
    model_id="model-1",
    similarity_min=0.4,
    fmr=1e-3,
    groups=Groups(
        counts=Counts(9, 6, 9000, 1, 2, 4500, 5, 4, 3),
        copies=(
            CopyGroup(
                "copies-1",
                (
                    member("a.jpg", "keep"),
                    member("b.jpg", "byte-equal"),
                    member(NASTY, "edited", "mirrored", "resized to 50%"),
                ),
            ),
        ),
        people=(PersonGroup("person-1", (face("a.jpg", "b.jpg", NASTY), face("gone.jpg"))),),
        alike=(FacesAlike("a.jpg", BOX, Box(0, 0, 9, 9), 0.9),),
        skipped=(SkippedFile("n\udcff.txt", "NOT_A_PHOTO", "no <photo>"),),
    ),
    finished_at="2026-01-02T03:04:05+00:00",
    seconds=1.5,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / "photos" / name, picture(0))
    return tmp_path / "photos"


def test_the_four_files_are_written_also_for_names_that_are_no_text(folder: Path) -> None:
    out = folder.parent / "out"
    write_report(folder, out, DedupConfig(), REPORT)
    names = {"report.json", "groups.csv", "report.html", "summary.txt"}
    assert {path.name for path in out.iterdir()} == names
    assert all(path.read_bytes().decode("utf-8") for path in out.iterdir())
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(as_json(REPORT)))


def test_groups_come_back_from_their_file(tmp_path: Path) -> None:
    write_groups(tmp_path, REPORT.groups)
    assert read_groups(tmp_path) == REPORT.groups


def test_json_names_the_threshold_and_the_room_that_copies_take() -> None:
    found = as_json(REPORT)
    assert (found["schema"], found["fmr"], found["model_id"]) == (2, 1e-3, "model-1")
    assert found["copies"][0]["excess_bytes"] == 3000
    assert found["people"][0]["faces"][0]["box"] == {"x0": 10, "y0": 20, "x1": 60, "y1": 80}


def test_csv_has_a_line_for_each_file_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(REPORT))))
    assert [(row["group_id"], row["role"]) for row in rows] == [
        ("copies-1", "keep"),
        ("copies-1", "byte-equal copy"),
        ("copies-1", "edited copy"),
        ("person-1", "face"),
        ("person-1", "face in a copy"),
        ("person-1", "face in a copy"),
        ("person-1", "face"),
    ]
    assert rows[2]["path"] == f"./{NASTY}"
    assert rows[2]["changes"] == "mirrored; resized to 50%"
    assert rows[3]["x1"] == "60.0"


def test_the_page_is_one_file_and_escapes_what_comes_from_outside(folder: Path) -> None:
    page = rendered(folder, DedupConfig(), REPORT)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "no &lt;photo&gt;" in page
    for forbidden in ("http:", "https:", "@import", "url(", "<link"):
        assert forbidden not in page
    assert page.count("data:image/jpeg;base64,") == 5
    assert "file is gone" in page


@pytest.mark.parametrize(
    "told",
    ["6", "9 kB", "4.5 kB", "1 in 1,000 pairs", "model-1", "0.400", "NOT_A_PHOTO", "0.001"],
)
def test_the_page_tells(folder: Path, told: str) -> None:
    assert told in rendered(folder, DedupConfig(), REPORT)


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (1e-3, "threshold 0.400 at a false accept rate of 0.001. This page shows people"),
        (0.0, "threshold 0.400. This page shows people"),
    ],
)
def test_the_foot_of_the_page_is_made_of_sentences(folder: Path, rate: float, told: str) -> None:
    page = rendered(folder, DedupConfig(), replace(REPORT, fmr=rate))
    assert told in " ".join(page.split())


def test_a_faces_similarity_is_named_by_what_it_is_to(folder: Path) -> None:
    page = rendered(folder, DedupConfig(), REPORT)
    assert "0.80 to the others" in page
    assert "its mean similarity to the person's other faces" in page


def test_the_page_is_bounded_and_says_what_it_leaves_out(folder: Path) -> None:
    group = REPORT.groups.copies[0]
    many = replace(REPORT.groups, copies=(group,) * 5)
    config = DedupConfig(html_groups_max=2, html_photos_max=2)
    page = rendered(folder, config, replace(REPORT, groups=many))
    assert "The first 2 of 5 are shown" in page
    assert "and 1 more, see report.json" in page


def test_an_empty_report_says_so(folder: Path) -> None:
    groups = Groups(Counts(1, 1, 10, 0, 0, 0, 0, 0, 0), (), (), (), ())
    page = rendered(folder, DedupConfig(), replace(REPORT, groups=groups, model_id=""))
    assert "No photograph is there twice." in page
    assert "Nobody was found in two photographs." in page
    assert "Faces were not compared." in page
    assert "0 files skipped\n" in summary_of(replace(REPORT, groups=groups, model_id=""))


def test_the_summary_is_plain_and_short() -> None:
    groups = replace(REPORT.groups, skipped=REPORT.groups.skipped * 30)
    text = summary_of(replace(REPORT, groups=groups))
    assert "1 byte-equal and 2 near copies" in text
    assert "and 10 more, see report.json" in text
    assert "1 times two faces in one photo" in text
    assert len(text.splitlines()) < 30


def test_a_threshold_set_by_hand_is_said_to_be_unmeasured() -> None:
    assert "not measured" in threshold_text(replace(REPORT, fmr=0.0))


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1_234_000, "1.23 MB"),
        (5e15, "5e+03 TB"),
    ],
)
def test_sizes_are_for_people(size_bytes: float, text: str) -> None:
    assert size_text(size_bytes) == text
