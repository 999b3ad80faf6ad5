"""What is exported is imported again as it was."""

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import (
    DataInvalid,
    FaceExists,
    FacenetError,
    FileMissing,
    ModelMismatch,
    NotWritable,
    QueueFull,
)
from facenet_res.core.types import Embeddings, FaceQuality
from facenet_res.gallery.exchange import export_people, import_people
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import Counts, Enrollment, Person
from tests.unit.gallery.conftest import DIM, in_a_folder


@pytest.fixture
def other(tmp_path: Path) -> Iterator[EmbeddingGallery]:
    with EmbeddingGallery.create(
        tmp_path / "other", model_id="model-a", embedding_dim=DIM
    ) as gallery:
        yield gallery


def fill(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    gallery.enroll_many(
        [
            Enrollment(
                person_id=f"p{number % 3}",
                embedding=faces[number],
                name=f"Née {number % 3}",
                metadata={"n": "x\ty"},
                source="1.jpg",
                quality=FaceQuality(40.5, 0.0, 0.1, 9.0) if number else None,
                crop=crop if number == 4 else None,
                expires_unix_s=5e9 if number % 3 == 2 else None,
            )
            for number in range(7)
        ]
    )
    gallery.move_faces([], "empty")


def without_times(people: list[Person]) -> list[Person]:
    return [
        replace(
            person,
            created_unix_s=0.0,
            etag="",
            faces=tuple(replace(face, enrolled_unix_s=0.0) for face in person.faces),
        )
        for person in people
    ]


def test_everything_comes_back_but_the_times(
    gallery: EmbeddingGallery, other: EmbeddingGallery, faces: Embeddings, tmp_path: Path
) -> None:
    fill(gallery, faces)
    file = tmp_path / "people.jsonl"

    written = export_people(gallery, file)
    read = import_people(other, file)
    again = import_people(other, file)

    assert written == read == again == Counts(4, 7) == other.counts()
    assert without_times(other.people()) == without_times(gallery.people())
    assert other.person("p2").expires_unix_s == 5e9
    assert other.person("p0").expires_unix_s == math.inf
    np.testing.assert_array_equal(other.crop("face-4"), gallery.crop("face-4"))
    for face_id, vector in gallery.embeddings_of("p1").items():
        np.testing.assert_array_equal(other.embeddings_of("p1")[face_id], vector)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_model_or_of_nothing_of_ours_is_refused(
    gallery: EmbeddingGallery, faces: Embeddings, tmp_path: Path
) -> None:
    fill(gallery, faces)
    file = tmp_path / "people.jsonl"
    export_people(gallery, file)
    with pytest.raises(NotWritable):
        export_people(gallery, file)
    lines = file.read_text(encoding="utf-8").splitlines()
    other = json.dumps({**json.loads(lines[0]), "model_id": "model-b"})
    for content, kind, said in (
        ([other, *lines[1:]], ModelMismatch, "model-b"),
        ([lines[0], "{}"], DataInvalid, "line 2: not an exported person"),
        ([lines[0], lines[1][:-9]], DataInvalid, "line 2"),
        (["[]"], DataInvalid, "line 1"),
    ):
        file.write_text("\n".join(content), encoding="utf-8")
        with pytest.raises(kind, match=said):
            import_people(gallery, file)
    with pytest.raises(FileMissing):
        import_people(gallery, tmp_path / "absent")


def test_an_export_is_one_state_however_busy_the_gallery_is(
    gallery: EmbeddingGallery, other: EmbeddingGallery, faces: Embeddings, tmp_path: Path
) -> None:
    # Given: two people of whom one is always there, exchanged in one transaction each time.
    gallery.enroll("p0", faces[0], face_id="f")
    is_over = threading.Event()

    def change() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            gallery.move_faces(["f"], f"p{number % 7}")
            gallery.enroll("goes", faces[number % 64], face_id=f"g{number}")
            gallery.delete_person("goes")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        # When: it is exported all the while.
        for number in range(5):
            file = tmp_path / f"{number}.jsonl"
            export_people(gallery, file)
            people = [json.loads(line) for line in file.read_text().splitlines()[1:-1]]
            # Then: the face is exactly once in it.
            assert [face["face_id"] for one in people for face in one["faces"]].count("f") == 1
    finally:
        is_over.set()
        thread.join()


@in_a_folder
def test_a_reader_of_a_busy_gallery_says_so_and_leaves_no_file(
    gallery: EmbeddingGallery, faces: Embeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.enroll("ada", faces[0])
    with EmbeddingGallery(SqliteStore.open_reading(tmp_path / "gallery")) as reader:
        positions = iter(range(100))
        monkeypatch.setattr(reader.store, "position", lambda: next(positions))
        with pytest.raises(QueueFull, match="read a backup of it"):
            export_people(reader, tmp_path / "people.jsonl")
    assert not (tmp_path / "people.jsonl").exists()


def test_a_file_that_was_cut_or_changed_anywhere_imports_nobody(
    gallery: EmbeddingGallery, other: EmbeddingGallery, faces: Embeddings, tmp_path: Path
) -> None:
    fill(gallery, faces)
    file = tmp_path / "people.jsonl"
    export_people(gallery, file)
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    for content in (
        b"".join(lines[:-1]),
        b"".join(lines[:2]),
        lines[0],
        b"",
        whole[: len(whole) // 2],
        b"".join([*lines[:2], *lines[3:]]),
        b"".join([*lines, lines[1]]),
        whole.replace(b"N\xc3\xa9e 1", b"N\xc3\xa9e 9"),
    ):
        file.write_bytes(content)
        with pytest.raises(DataInvalid):
            import_people(other, file)
    assert other.counts() == Counts(0, 0)
    assert other.log() == []


@in_a_folder
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["person_id"], 5),
        (["person_id"], ""),
        (["name"], 5),
        (["name"], "x" * 300),
        (["metadata"], "x"),
        (["metadata"], {"a": 5}),
        (["metadata"], {"a": "\ud800"}),
        (["expires_unix_s"], "never"),
        (["expires_unix_s"], math.nan),
        (["faces"], None),
        (["faces", 0], 5),
        (["faces", 0, "face_id"], None),
        (["faces", 0, "face_id"], 5),
        (["faces", 0, "embedding"], "AAAA"),
        (["faces", 0, "embedding"], "not base64 !"),
        (["faces", 0, "embedding"], None),
        (["faces", 0, "source"], 5),
        (["faces", 0, "quality"], {"eye_distance_px": "x"}),
        (["faces", 0, "quality"], [1]),
        (["faces", 0, "crop"], "AAAA"),
    ],
)
def test_a_line_that_is_no_person_is_an_error_with_its_number_and_imports_nobody(
    gallery: EmbeddingGallery,
    other: EmbeddingGallery,
    faces: Embeddings,
    tmp_path: Path,
    path: list[str | int],
    value: object,
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("bob", faces[1])
    file = tmp_path / "people.jsonl"
    export_people(gallery, file)
    lines = file.read_text().splitlines()
    document = json.loads(lines[2])
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    lines[2] = json.dumps(document)
    file.write_text("\n".join(lines) + "\n")

    with pytest.raises(DataInvalid, match="line 3"):
        import_people(other, file)

    assert other.counts() == Counts(0, 0)


def test_a_face_id_that_is_taken_leaves_nothing_of_the_import(
    gallery: EmbeddingGallery, other: EmbeddingGallery, faces: Embeddings, tmp_path: Path
) -> None:
    fill(gallery, faces)
    export_people(gallery, tmp_path / "people.jsonl")
    other.enroll("somebody", faces[40], face_id="face-5")
    with pytest.raises(FaceExists):
        import_people(other, tmp_path / "people.jsonl")
    assert [person.person_id for person in other.people()] == ["somebody"]


def test_a_file_that_is_no_text_is_refused(other: EmbeddingGallery, tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"[" * 100_000, b"\x00" * 10):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(FacenetError, match="line 1"):
            import_people(other, tmp_path / "file")
