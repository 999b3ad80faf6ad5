"""WebDataset shards: what stands beside an image, long names, joined tars, and damage."""

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import open_crops
from tests.training_sets import add_member, made_crops

IMAGES = [crop.data for crop in made_crops({"0": 4})]


def write_tar(
    path: Path, members: Sequence[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT
) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for name, data in members:
            add_member(archive, name, data)
    return path


def test_json_and_cls_tell_who_it_is(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "a.tar",
        [
            ("0.jpg", IMAGES[0]),
            ("0.cls", b"ada\n"),
            ("1.cls", b"7"),
            ("1.json", json.dumps({"identity": "bob", "label_ok": 0}).encode()),
            ("1.jpg", IMAGES[1]),
            ("2.json", json.dumps({"label": 12}).encode()),
            ("2.seg.png", b"a mask, and no face"),
            ("2.jpg", IMAGES[2]),
            ("3.json", json.dumps({"camera": "x"}).encode()),
            ("3.jpg", IMAGES[3]),
        ],
    )

    with open_crops(path) as source:
        assert [crop.identity for crop in source] == ["ada", "bob", "12", ""]
        assert [crop.is_label_sure for crop in source] == [True, False, True, True]
        assert [crop.data for crop in source] == IMAGES
        assert source.name(0) == "a.tar/0.jpg"


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_are_read_in_every_dialect(tmp_path: Path, form: int) -> None:
    folder = "/".join(["folder" * 4] * 4)
    name = f"{folder}/{'n' * 60 if form == tarfile.USTAR_FORMAT else 'n' * 150}"
    path = write_tar(tmp_path / "a.tar", [(f"{name}.jpg", IMAGES[0]), (f"{name}.cls", b"3")], form)

    with open_crops(path) as source:
        assert source.name(0) == f"a.tar/{name}.jpg"
        assert source[0].data == IMAGES[0]
        assert source.identity(0) == "3"


def test_tars_that_were_joined_are_read_to_the_end(tmp_path: Path) -> None:
    parts = [write_tar(tmp_path / f"{n}.part", [(f"{n}.jpg", IMAGES[n])]) for n in range(3)]
    path = tmp_path / "all.tar"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    with open_crops(path) as source:
        assert [crop.data for crop in source] == IMAGES[:3]


def test_a_damaged_header_costs_its_member(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", [(f"{n}.jpg", IMAGES[n]) for n in range(3)])
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        hit = archive.getmembers()[1].offset
    data[hit + 3] ^= 0xFF
    path.write_bytes(data)

    with open_crops(path) as source:
        assert [crop.data for crop in source] == [IMAGES[0], IMAGES[2]]
        (fault,) = source.reader.table.faults
        assert fault.name == f"a.tar at byte {hit}"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("0.cls", b""), "its .cls is empty"),
        (("0.cls", b"\xff"), "is not UTF-8"),
        (("0.json", b"{"), "its .json cannot be read"),
        (("0.json", b'{"label": 1.5}'), "requires a number or a text"),
    ],
)
def test_a_label_that_cannot_be_read_is_a_fault(
    tmp_path: Path, member: tuple[str, bytes], reason: str
) -> None:
    path = write_tar(tmp_path / "a.tar", [("0.jpg", IMAGES[0]), member, ("1.jpg", IMAGES[1])])

    with open_crops(path) as source:
        assert [crop.data for crop in source] == [IMAGES[1]]
        (fault,) = source.reader.table.faults

    assert fault.name == "a.tar/0.jpg"
    assert reason in fault.reason


def test_labels_without_an_image_are_named(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", [("0.cls", b"1"), ("1.jpg", IMAGES[1])])

    with open_crops(path) as source:
        (fault,) = source.reader.table.faults

    assert (fault.name, fault.reason) == ("a.tar/0", "it has no image")


def test_a_tar_of_other_things_holds_no_crops(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="holds no crops"):
        open_crops(write_tar(tmp_path / "a.tar", [("a.txt", b"hello")]))
