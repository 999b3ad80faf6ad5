"""What is exported is imported again as it was."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing, ModelMismatch, NotWritable
from facenet_res.core.types import Embeddings, FaceQuality
from facenet_res.gallery.exchange import export_people, import_people
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment, Person
from tests.unit.gallery.conftest import DIM


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
