"""A gallery is the same, face by face and entry by entry, after it has moved there and back."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import GalleryExists, GalleryInvalid, GalleryLocked
from facenet_res.core.types import Embeddings, FaceQuality
from facenet_res.gallery.full_check import check
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.migrating import migrate
from facenet_res.gallery.opening import Place
from facenet_res.gallery.types import Enrollment, PersonUpdate
from tests.postgres_server import PostgresServer
from tests.unit.gallery.conftest import DIM


def filled(place: Place, faces: Embeddings) -> None:
    """People of all kinds: deleted, moved, without faces, with crops, with answers to repeat."""
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    with EmbeddingGallery.create(place, model_id="m", embedding_dim=DIM) as gallery:
        gallery.enroll_many(
            [
                Enrollment(
                    person_id=f"p{number // 2}",
                    embedding=face,
                    face_id=f"f{number}",
                    source=f"{number}.jpg",
                    crop=crop if number % 3 == 0 else None,
                    quality=FaceQuality(40, 1, 0, 99) if number % 2 else None,
                    expires_unix_s=4e9 if number < 4 else None,
                )
                for number, face in enumerate(faces[:40])
            ],
            request_id="r1",
        )
        gallery.update_person("p1", PersonUpdate(name="\u00c5sa", metadata={"team": "red"}))
        gallery.delete_people(["p5", "p7"], request_id="r2")
        gallery.move_faces(["f0", "f1"], "p9")
        gallery.enroll("p30", faces[41], face_id="f41")


def contents(place: Place) -> tuple[object, ...]:
    with EmbeddingGallery.open(place, read_only=True) as gallery:
        people = gallery.people()
        embeddings = {
            face_id: vector.tobytes()
            for person in people
            for face_id, vector in gallery.embeddings_of(person.person_id).items()
        }
        crops = {
            face.face_id: gallery.crop(face.face_id).tobytes()
            for person in people
            for face in person.faces
            if face.has_crop
        }
        return people, embeddings, crops, gallery.log(), gallery.info


@pytest.fixture
def places(postgres: PostgresServer, tmp_path: Path) -> list[Place]:
    return [tmp_path / "first", postgres.new_url(), tmp_path / "last"]


def test_a_gallery_goes_into_postgresql_and_comes_back(
    places: list[Place], faces: Embeddings
) -> None:
    filled(places[0], faces)
    before = contents(places[0])
    reports = [check(places[0]), migrate(places[0], places[1]), migrate(places[1], places[2])]
    assert reports[0] == reports[1] == reports[2] == check(places[1])
    assert contents(places[1]) == contents(places[2]) == before

    for place in places[1:]:
        with EmbeddingGallery.open(place) as gallery:
            # The next change goes on where the source ended, and a repeated one is known.
            assert [one.person_id for one in gallery.delete_people(["p5", "p7"], request_id="r2")]
            gallery.enroll("new", faces[50])
            assert gallery.identify(faces[50:51], threshold=0.99)[0].person_id == "new"
            assert gallery.identify(faces[10:11], threshold=0.99)[0].person_id == ""
        assert check(place).counts.faces == reports[0].counts.faces + 1


def test_a_source_in_use_or_damaged_makes_no_target(places: list[Place], faces: Embeddings) -> None:
    folder, url, _ = places
    filled(folder, faces)
    with EmbeddingGallery.open(folder), pytest.raises(GalleryLocked):
        migrate(folder, url)
    with (Path(folder) / "gallery.crops").open("rb+") as file:
        file.write(b"x" * 100)
    with pytest.raises(GalleryInvalid, match="crop of face"):
        migrate(folder, url)
    EmbeddingGallery.create(url, model_id="m", embedding_dim=DIM).close()
    with pytest.raises(GalleryExists):
        migrate(folder, url)
