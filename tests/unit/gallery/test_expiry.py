"""People whose time is over are gone for changes too, and are deleted by a busy writer as well."""

import threading
import time

import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import UnknownFace, UnknownPerson
from facenet_res.core.types import Embeddings
from facenet_res.gallery import writer
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment, PersonUpdate
from facenet_res.gallery.writer import GroupWriter, Job
from tests.unit.gallery.conftest import Clock


@pytest.fixture
def guest(gallery: EmbeddingGallery, faces: Embeddings, clock: Clock) -> str:
    """A person whose time is over, and who is not deleted yet."""
    one = Enrollment(
        person_id="guest", embedding=faces[0], face_id="old", name="G", expires_unix_s=3000.0
    )
    gallery.enroll_many([one])
    clock.now = 4000.0
    return "guest"


def test_whoever_is_enrolled_again_stays(
    gallery: EmbeddingGallery, faces: Embeddings, guest: str
) -> None:
    gallery.enroll(guest, faces[1], face_id="new")
    assert gallery.delete_expired() == []
    person = gallery.person(guest)
    assert ([face.face_id for face in person.faces], person.name) == (["new"], "")
    assert gallery.identify(faces[1:2], threshold=0.9)[0].person_id == guest


def test_a_face_id_of_theirs_may_be_used_again(
    gallery: EmbeddingGallery, faces: Embeddings, guest: str
) -> None:
    gallery.enroll("ada", faces[1], face_id="old")
    assert gallery.counts() == Counts(1, 1)


def test_faces_moved_to_them_stay(gallery: EmbeddingGallery, faces: Embeddings, guest: str) -> None:
    gallery.enroll("ada", faces[1], face_id="f")
    gallery.move_faces(["f"], guest)
    assert gallery.delete_expired() == []
    assert gallery.person(guest).faces[0].face_id == "f"


def test_they_are_not_revived(gallery: EmbeddingGallery, faces: Embeddings, guest: str) -> None:
    gallery.enroll("ada", faces[1])
    with pytest.raises(UnknownPerson):
        gallery.update_person(guest, PersonUpdate(expires_unix_s=9000.0))
    for change in (
        lambda: gallery.merge_people([guest], "ada"),
        lambda: gallery.merge_people(["ada"], guest),
    ):
        with pytest.raises(UnknownPerson):
            change()
    with pytest.raises(UnknownFace):
        gallery.move_faces(["old"], "ada")
    assert [one.person_id for one in gallery.delete_expired()] == [guest]


def test_a_busy_writer_sweeps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SWEEPS_S", 0.05)
    swept = threading.Event()
    group_writer = GroupWriter("test", lambda _: None, lambda: None, lambda: bool(swept.set()))
    end = time.monotonic() + 20
    while not swept.is_set() and time.monotonic() < end:
        group_writer.run(Job(lambda _: None))
    group_writer.close()
    assert swept.is_set()


def test_people_whose_time_is_over_hide_nobody(
    gallery: EmbeddingGallery, faces: Embeddings, clock: Clock
) -> None:
    # Given: one person who stays, and seven closer ones whose time ends.
    near = unit_norm(faces[:1] + 0.1 * faces[1:2])[0]
    gallery.enroll("ada", near)
    gallery.enroll_many(
        [
            Enrollment(person_id=f"guest-{n}", embedding=faces[0], expires_unix_s=3000.0)
            for n in range(7)
        ]
    )
    # When: it has ended, and they are not deleted yet.
    clock.now = 3000.0
    (answer,) = gallery.identify(faces[:1], threshold=0.9, k=5)
    # Then: the one who stays is named, and the others are nobody.
    assert answer.person_id == "ada"
    assert [each.person_id for each in answer.candidates] == ["ada"]
    with pytest.raises(UnknownPerson, match="is over"):
        gallery.verify("guest-0", faces[0], threshold=0.9)
