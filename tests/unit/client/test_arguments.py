"""What callers pass: every kind of photograph, and what no message can hold."""

from pathlib import Path
from typing import Any

import pytest

from facenet_res.client.arguments import (
    image_bytes,
    message,
)
from facenet_res.core.errors import ArgumentInvalid, FileMissing
from facenet_res.core.face_id import face_id_of, source_of
from facenet_res.v1 import face_pb2 as face_pb
from facenet_res.v1 import gallery_service_pb2 as gallery_pb


def test_a_photo_is_bytes_of_any_kind_or_a_path_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "ada.jpg"
    path.write_bytes(b"image")
    images = (b"image", bytearray(b"image"), memoryview(b"image"), path, str(path))
    assert [image_bytes(image) for image in images] == [b"image"] * 5
    assert [source_of(image) for image in images] == ["", "", "", "ada.jpg", "ada.jpg"]


@pytest.mark.parametrize("image", [None, 5, [1, 2], {"a": 1}])
def test_anything_else_is_refused_by_its_type(image: Any) -> None:
    with pytest.raises(
        ArgumentInvalid, match=f"an image is bytes, a path .*, got {type(image).__name__}"
    ):
        image_bytes(image)


@pytest.mark.parametrize("image", ["none.jpg", "a\0b.jpg", "\ud800.jpg", "."])
def test_a_path_that_leads_nowhere_is_named(image: str) -> None:
    with pytest.raises(FileMissing, match=r"cannot be read"):
        image_bytes(image)


@pytest.mark.parametrize(
    ("name", "source"),
    [("a\udcff.jpg", r"a\udcff.jpg"), ("a\nb.jpg", r"a\nb.jpg"), ("ä.jpg", "ä.jpg")],
)
def test_a_files_odd_name_is_escaped(name: str, source: str) -> None:
    assert source_of(name) == source
    assert len(source_of("\udcff" * 255)) == 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("person_id", "\udcff"),
        ("person_id", 3),
        ("metadata", {"a": 1}),
        ("metadata", {"a": "\udcff"}),
        ("metadata", "abc"),
        ("metadata", 7),
        ("largest_face", "yes"),
    ],
)
def test_a_field_that_cannot_hold_its_value_is_named(name: str, value: Any) -> None:
    fields = {"face_id": "f", name: value}
    with pytest.raises(ArgumentInvalid, match=f"^{name} cannot be sent as"):
        message(gallery_pb.EnrollRequest, **fields)


def test_a_number_is_no_text_for_a_decision() -> None:
    with pytest.raises(ArgumentInvalid, match="threshold cannot be sent as 'high'"):
        message(face_pb.Decision, threshold="high")


def test_the_hash_keeps_person_and_photograph_apart() -> None:
    assert face_id_of("ada", b"1") == face_id_of("ada", b"1")
    assert face_id_of("ada", b"1") != face_id_of("ada1", b"")
    assert len(face_id_of("ada", b"1")) == 24
