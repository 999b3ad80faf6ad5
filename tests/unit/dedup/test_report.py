"""The report in its four forms, with hostile names."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.groups_file import read_groups, write_groups
from facenet_res.dedup.page import page_data, write_page
from facenet_res.dedup.report import as_csv, as_json, write_report
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.summary import size_text, summary_of, threshold_text
from facenet_res.dedup.types import (
    Container,
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    DedupReport,
    FacesAlike,
    FaceSetAside,
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
    return PersonFace(path, "cd" * 32, 0, BOX, 0.99, 0.8, copies)


REPORT = DedupReport(
    folder="/photos",
    model_id="model-1",
    similarity_min=0.4,
    fmr=1e-3,
    groups=Groups(
        counts=Counts(9, 6, 9000, 1, 2, 4500, 5, 4, 1, 0, 3),
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
        containers=(Container("page.jpg", "ee" * 32, "a.jpg", "ab" * 32, (0.0, 0.0, 0.5, 0.5)),),
        people=(
            PersonGroup("person-1", (face("a.jpg", "b.jpg", NASTY), face("gone.jpg")), "Ada <b>"),
        ),
        alike=(FacesAlike("a.jpg", "ab" * 32, (0, 1), BOX, Box(0, 0, 9, 9), 0.9),),
        set_aside=(FaceSetAside("b.jpg", "ab" * 32, 2, BOX, "blurred"),),
        skipped=(SkippedFile("n\udcff.txt", "NOT_A_PHOTO", "no <photo>"),),
        nearest_histogram=(0, 3, 1),
    ),
    finished_at="2026-01-02T03:04:05+00:00",
    seconds=1.5,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / "photos" / name, picture(0))
    return tmp_path / "photos"


@pytest.fixture
def out(folder: Path) -> Path:
    """With the results of a run without faces, which the page takes its images from."""
    deduplicate(folder, folder.parent / "out")
    return folder.parent / "out"


def test_the_files_are_written_also_for_names_that_are_no_text(folder: Path, out: Path) -> None:
    write_report(folder, out, DedupConfig(), REPORT)
    for name in ("report.json", "groups.csv", "report.html", "summary.txt"):
        assert (out / name).read_bytes().decode("utf-8")
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(as_json(REPORT)))


def test_parquet_holds_the_rows_of_the_csv(folder: Path, out: Path) -> None:
    write_report(folder, out, DedupConfig(), REPORT)
    rows = pq.read_table(out / "groups.parquet").to_pylist()
    told = csv.DictReader(io.StringIO((out / "groups.csv").read_text()))
    assert [(row["group_id"], row["role"]) for row in rows] == [
        (row["group_id"], row["role"]) for row in told
    ]
    assert rows[2]["path"] == NASTY
    assert (rows[0]["bytes"], rows[3]["x1"], rows[3]["name"]) == (1500, 60.0, "Ada <b>")


def test_groups_come_back_from_their_file(tmp_path: Path) -> None:
    write_groups(tmp_path, REPORT.groups)
    assert read_groups(tmp_path) == REPORT.groups


def test_json_names_the_threshold_and_the_room_that_copies_take() -> None:
    found = as_json(REPORT)
    assert (found["schema"], found["fmr"], found["model_id"]) == (3, 1e-3, "model-1")
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


def test_the_page_loads_its_own_files_only(folder: Path, out: Path) -> None:
    write_page(folder, out, DedupConfig(), REPORT)
    sources = [(out / "report.html").read_text()]
    sources += [(out / "report_files" / name).read_text() for name in ("page.js", "page.css")]
    for text in sources:
        for forbidden in ("https:", "@import", "url(", "innerHTML", "document.write", "eval("):
            assert forbidden not in text
        assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")
    # names that come from outside stand in the data only
    assert "<script>alert" not in sources[0]


def test_the_data_of_the_page_hold_every_group(folder: Path, out: Path) -> None:
    write_page(folder, out, DedupConfig(), REPORT)
    text = (out / "report_files" / "index.js").read_text()
    data = json.loads(text.removeprefix("window.DEDUP_REPORT=").rstrip(";\n"))
    assert data == json.loads(json.dumps(page_data(out, REPORT)))
    assert [member["path"] for member in data["copies"][0]["members"]] == ["a.jpg", "b.jpg", NASTY]
    assert data["people"][0]["faces"][0]["box"] == [10, 20, 60, 80]
    assert data["people"][0]["name"] == "Ada <b>"
    assert "1 in 1,000 pairs" in data["made"]
    assert len(data["containers"]) == len(data["alike"]) == len(data["aside"]) == 1


def test_images_of_groups_that_are_gone_leave_the_page(folder: Path, out: Path) -> None:
    images = out / "report_files" / "images"
    before = {path.name for path in images.iterdir()}
    assert len(before) == 1
    save(folder / "b.jpg", picture(1))
    save(folder / "c.jpg", picture(1), 60)
    deduplicate(folder, out)
    after = {path.name for path in images.iterdir()}
    assert len(after) == 2
    assert not before & after


def test_an_empty_report_says_so() -> None:
    groups = Groups(Counts(1, 1, 10, 0, 0, 0, 0, 0, 0, 0, 0), (), (), (), (), (), ())
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
