"""InsightFace's sets: frames and headers byte by byte, ranges, labels, the files beside them."""

import struct
from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import open_crops
from facenet_res.data.recordio import MAGIC, read_record, unpack, walk
from facenet_res.data.records import Fault
from facenet_res.data.shards import OpenFiles
from tests.training_sets import Made, frames, made_crops, packed, write_insightface

CROPS = made_crops({"0": 3, "4": 2, "9": 1})

# Two records as dmlc's writer lays them out: 5 bytes with their padding; then one whose second and
# fourth words are the magic number, in three parts, the middle one of 4 bytes.
WRITTEN = bytes.fromhex(
    "0a23d7ce 05000000 68656c6c 6f000000"
    "0a23d7ce 04000020 61616161"
    "0a23d7ce 04000040 62626262"
    "0a23d7ce 03000060 63636300"
)
RECORDS = [b"hello", b"aaaa" + MAGIC + b"bbbb" + MAGIC + b"ccc"]


@pytest.fixture
def rec(tmp_path: Path) -> Path:
    path = tmp_path / "train.rec"
    path.write_bytes(WRITTEN)
    return path


def test_frames_are_read_as_they_are_defined(rec: Path) -> None:
    files = OpenFiles([rec])
    faults: list[Fault] = []

    positions = list(walk(files, faults))

    assert positions == [0, 16]
    assert [read_record(files, position) for position in positions] == RECORDS
    assert faults == []
    files.close()


def test_the_writer_of_the_tests_writes_these_bytes() -> None:
    assert b"".join(map(frames, RECORDS)) == WRITTEN


@pytest.mark.parametrize(
    "record",
    [b"", b"abc", MAGIC, MAGIC * 3, b"1" + MAGIC, MAGIC + b"x", b"abcd" + MAGIC[:3], bytes(20_000)],
)
def test_every_record_comes_back(tmp_path: Path, record: bytes) -> None:
    path = tmp_path / "a.rec"
    path.write_bytes(frames(record) + frames(b"next"))
    files = OpenFiles([path])

    positions = list(walk(files, []))

    assert [read_record(files, position) for position in positions] == [record, b"next"]
    files.close()


@pytest.mark.parametrize(
    ("position", "message"),
    [(4, "no record at byte 4"), (28, "part of kind 2 at byte 28"), (52, "no record at byte 52")],
)
def test_no_record_begins_in_the_middle(rec: Path, position: int, message: str) -> None:
    files = OpenFiles([rec])

    with pytest.raises(DataInvalid, match=message):
        read_record(files, position)
    files.close()


def test_headers_hold_one_label_or_several() -> None:
    one = unpack(struct.pack("<IfQQ", 0, 7.0, 3, 0) + b"image")
    several = unpack(packed([5.0, 0.25, 0.5], 3, b"image"))

    assert (one.labels.tolist(), one.image) == ([7.0], b"image")
    assert (several.labels.tolist(), several.image) == ([5.0, 0.25, 0.5], b"image")
    with pytest.raises(DataInvalid, match="cannot hold 4294967295 labels"):
        unpack(struct.pack("<IfQQ", 0xFFFFFFFF, 0.0, 0, 0))
    with pytest.raises(DataInvalid, match="5 bytes"):
        unpack(b"short")


@pytest.mark.parametrize("has_header", [True, False])
def test_label_vectors_count_by_their_first(tmp_path: Path, has_header: bool) -> None:
    folder = write_insightface(tmp_path, CROPS, has_header=has_header, labels_each=3)

    with open_crops(folder) as source:
        assert list(source.identities) == ["0", "4", "9"]
        assert source.labels.tolist() == [0, 0, 0, 1, 1, 2]
        assert source.reader.table.label_gaps == 7
        assert source.reader.table.remarks == ()


def test_a_magic_number_in_an_image_is_put_back(tmp_path: Path) -> None:
    awkward = [Made("0", b"\xff\xd8\xff\xe0" + MAGIC * 2 + b"123" + MAGIC + b"4" + MAGIC)]

    with open_crops(write_insightface(tmp_path, awkward)) as source:
        assert source[0].data == awkward[0].data


def test_ranges_that_do_not_cover_the_images_are_not_trusted(tmp_path: Path) -> None:
    folder = write_insightface(tmp_path, CROPS)
    rec = folder / "train.rec"
    data = rec.read_bytes()
    end_of_first = struct.pack("<2f", 1.0, 4.0)
    assert data.count(end_of_first) == 1
    rec.write_bytes(data.replace(end_of_first, struct.pack("<2f", 1.0, 3.0)))

    with open_crops(folder) as source:
        assert source.labels.tolist() == [0, 0, 0, 1, 1, 2]
        assert "ranges of identities end at image 2 of 6" in source.reader.table.remarks[0]


def test_the_list_names_the_images_if_it_fits(tmp_path: Path) -> None:
    folder = write_insightface(tmp_path, CROPS)
    with open_crops(folder) as source:
        assert source.name(3) == "data/4/3.jpg"

    lines = (folder / "train.lst").read_text().splitlines(keepends=True)
    (folder / "train.lst").write_text("".join(lines[::-1]))
    with open_crops(folder) as source:
        assert source.name(3) == "4/4"
        assert "train.lst was left aside: line 1" in source.reader.table.remarks[0]

    (folder / "train.lst").write_text("".join(lines[:2]))
    with open_crops(folder) as source:
        assert "2 lines for 6 images" in source.reader.table.remarks[0]


def test_a_record_that_the_index_leaves_out_is_no_image(tmp_path: Path) -> None:
    folder = write_insightface(tmp_path, CROPS)
    lines = (folder / "train.idx").read_text().splitlines(keepends=True)
    (folder / "train.idx").write_text("".join([*lines[:2], *lines[3:]]))

    with open_crops(folder) as source:
        assert [crop.data for crop in source] == [c.data for n, c in enumerate(CROPS) if n != 1]
        assert source.labels.tolist() == [0, 0, 1, 1, 2]


def test_the_property_file_is_compared(tmp_path: Path) -> None:
    folder = write_insightface(tmp_path, CROPS)
    (folder / "property").write_text("10,112,112\n")
    with open_crops(folder) as source:
        assert source.reader.table.remarks == ("property says 10 identities, the records have 3",)

    (folder / "property").write_text("3,112,96")
    with pytest.raises(DataInvalid, match="are 96x112 px by its property file, requires 112x112"):
        open_crops(folder)
    (folder / "property").write_text("many")
    with pytest.raises(DataInvalid, match="should read '85742,112,112'; got 'many'"):
        open_crops(folder)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("1 2 3\n", "3 columns"),
        ("a\tb\n", "lines of key and position"),
        ("1\t0\n1\t8\n", "key 1 tw"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: str, message: str) -> None:
    folder = write_insightface(tmp_path, CROPS)
    (folder / "train.idx").write_text(index)

    with pytest.raises(DataInvalid, match=message):
        open_crops(folder)


@pytest.mark.parametrize("label", [-1.0, 0.5, float("nan"), float("inf"), 2.0**25])
def test_a_label_that_is_no_number_of_a_person_is_a_fault(tmp_path: Path, label: float) -> None:
    (tmp_path / "train.rec").write_bytes(
        frames(packed(1.0, 0, CROPS[0].data)) + frames(packed(label, 1, CROPS[1].data))
    )

    with open_crops(tmp_path) as source:
        assert len(source) == 1
        (fault,) = source.reader.table.faults

    assert fault.name == "record 1 of train.rec"
    assert "is no whole number" in fault.reason


def test_of_several_sets_in_a_folder_one_is_to_be_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_insightface(tmp_path, CROPS)
        for suffix in ("rec", "idx"):
            (tmp_path / f"train.{suffix}").rename(tmp_path / f"{name}.{suffix}")

    with pytest.raises(FileMissing, match=r"2 \.rec files and no train\.rec"):
        open_crops(tmp_path)
    with open_crops(tmp_path / "b.rec") as source:
        assert len(source) == 6
