"""People and faces are changed without an image: update, move, merge, expire, repeat a request."""

import math
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    EtagMismatch,
    RequestConflict,
    UnknownFace,
    UnknownPerson,
)
from facenet_res.core.types import Embeddings, FaceQuality
from facenet_res.gallery.changes import EXPIRED_AT_ONCE
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment, PersonFilter, PersonUpdate
from tests.unit.gallery.conftest import Clock

DAY_S = 24 * 3600.0


def test_fields_are_replaced_one_by_one(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    gallery.enroll("ada", faces[0], name="Ada", metadata={"team": "a"})

    gallery.update_person("ada", PersonUpdate(name="Ada L."))
    gallery.update_person("ada", PersonUpdate(expires_unix_s=5000.0))
    person = gallery.update_person("ada", PersonUpdate(metadata={}))

    assert (person.name, person.metadata, person.expires_unix_s) == ("Ada L.", {}, 5000.0)
    assert person == gallery.person("ada")
    assert gallery.update_person("ada", PersonUpdate(expires_unix_s=math.inf)).name == "Ada L."
    assert gallery.person("ada").expires_unix_s == math.inf
    with pytest.raises(UnknownPerson):
        gallery.update_person("bob", PersonUpdate(name="x"))


def test_an_etag_tells_of_any_change_in_between(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    etags = [gallery.person("ada").etag]
    gallery.update_person("ada", PersonUpdate(name="Ada"))
    etags.append(gallery.person("ada").etag)
    gallery.enroll("ada", faces[1])
    etags.append(gallery.person("ada").etag)
    gallery.delete_face("face-0")
    etags.append(gallery.person("ada").etag)

    assert len(set(etags)) == 4
    with pytest.raises(EtagMismatch, match="'ada' has changed"):
        gallery.update_person("ada", PersonUpdate(name="x", etag=etags[0]))
    assert gallery.update_person("ada", PersonUpdate(name="x", etag=etags[-1])).name == "x"


def test_a_moved_face_is_found_as_its_new_person(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("ada", faces[1])

    split = gallery.move_faces(["face-1"], "bob")

    assert [face.face_id for face in split.faces] == ["face-1"]
    assert [face.face_id for face in gallery.person("ada").faces] == ["face-0"]
    assert gallery.identify(faces[1:2], threshold=0.99)[0].person_id == "bob"
    assert gallery.verify("bob", faces[1], threshold=0.99).is_match
    with pytest.raises(UnknownFace):
        gallery.move_faces(["face-0", "nothing"], "eve")
    assert gallery.counts() == Counts(2, 2)


def test_merged_people_are_one(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    for number, person in enumerate(["ada", "bob", "eve"]):
        gallery.enroll(person, faces[number], name=person.upper())

    merged = gallery.merge_people(["bob", "eve", "ada"], into="ada")

    assert (merged.name, len(merged.faces)) == ("ADA", 3)
    assert gallery.counts() == Counts(1, 3)
    answers = gallery.identify(faces[:3], threshold=0.99)
    assert [answer.person_id for answer in answers] == ["ada"] * 3
    with pytest.raises(UnknownPerson):
        gallery.merge_people(["ada"], into="bob")
    with pytest.raises(UnknownPerson):
        gallery.merge_people(["bob"], into="ada")


def test_many_are_deleted_or_none(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    for number in range(6):
        gallery.enroll(f"p{number % 3}", faces[number])
    with pytest.raises(UnknownPerson):
        gallery.delete_people(["p0", "nobody"])
    with pytest.raises(UnknownFace):
        gallery.delete_faces(["face-0", "nothing"])
    assert gallery.counts() == Counts(3, 6)

    assert [one.faces for one in gallery.delete_people(["p0", "p1"])] == [2, 2]
    assert [one.person_id for one in gallery.delete_faces(["face-2", "face-5"])] == ["p2", "p2"]
    assert gallery.counts() == Counts(1, 0)


def test_a_list_is_filtered(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    for number in range(6):
        gallery.enroll(f"p{number}", faces[number], metadata={"odd": str(number % 2)})

    def listed(where: PersonFilter, after: str = "") -> list[str]:
        return [person.person_id for person in gallery.people(2, after, where)]

    assert listed(PersonFilter(metadata={"odd": "1"})) == ["p1", "p3"]
    assert listed(PersonFilter(metadata={"odd": "1"}), after="p3") == ["p5"]
    assert listed(PersonFilter(person_ids=frozenset({"p4", "p9"}))) == ["p4"]


def test_both_forms_of_unicode_name_one_person(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("Ame\u0301lie", faces[0])
    gallery.enroll("Am\u00e9lie", faces[1])
    assert gallery.counts() == Counts(1, 2)
    assert gallery.delete_person("Ame\u0301lie").faces == 2


def test_whose_time_is_over_is_not_named_and_then_deleted(
    gallery: EmbeddingGallery, faces: Embeddings, clock: Clock
) -> None:
    gallery.enroll_many(
        [
            Enrollment(person_id="guest", embedding=faces[0], expires_unix_s=3000.0),
            Enrollment(person_id="ada", embedding=faces[1]),
        ]
    )
    assert gallery.identify(faces[:1], threshold=0.9)[0].person_id == "guest"
    clock.now = 3000.0

    (answer,) = gallery.identify(faces[:1], threshold=-1.0)
    receipts = gallery.delete_expired()

    assert [candidate.person_id for candidate in answer.candidates] == ["ada"]
    assert [(one.person_id, one.faces) for one in receipts] == [("guest", 1)]
    assert gallery.counts() == Counts(1, 1)


def test_all_who_have_expired_are_deleted_however_many(
    gallery: EmbeddingGallery, faces: Embeddings, clock: Clock
) -> None:
    many = EXPIRED_AT_ONCE + 5
    gallery.enroll_many(
        [
            Enrollment(person_id=f"g{n}", embedding=faces[n % 64], expires_unix_s=3000.0)
            for n in range(many)
        ]
    )
    clock.now = 4000.0
    assert len(gallery.delete_expired()) == many
    assert gallery.counts() == Counts(0, 0)


def test_a_repeated_request_is_carried_out_once_in_a_day(
    gallery: EmbeddingGallery, faces: Embeddings, clock: Clock
) -> None:
    enrollment = Enrollment(person_id="ada", embedding=faces[0], quality=FaceQuality(40, 1, 0, 99))
    first = gallery.enroll_many([enrollment], request_id="r1")
    assert gallery.enroll_many([enrollment], request_id="r1") == first
    deleted = gallery.delete_person("ada", request_id="r2")
    clock.now += DAY_S - 1

    with pytest.raises(UnknownFace, match="'r1' was carried out"):
        gallery.enroll_many([enrollment], request_id="r1")
    assert gallery.delete_person("ada", request_id="r2") == deleted
    assert gallery.delete_people([], request_id="r3") == []
    assert gallery.delete_people([], request_id="r3") == []
    assert gallery.counts() == Counts(0, 0)

    clock.now += 2
    assert gallery.enroll_many([enrollment], request_id="r1") != first
    assert gallery.counts() == Counts(1, 1)


def test_a_repeated_update_changes_nothing_and_gets_the_person_as_they_are(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    etag = gallery.person("ada").etag
    first = gallery.update_person("ada", PersonUpdate(name="A", etag=etag), request_id="r")
    again = gallery.update_person("ada", PersonUpdate(name="A", etag=etag), request_id="r")
    assert again == first
    gallery.update_person("ada", PersonUpdate(name="B"))
    again = gallery.update_person("ada", PersonUpdate(name="A", etag=etag), request_id="r")
    assert again == gallery.person("ada")
    assert again.name == "B"


def test_a_request_id_with_other_contents_is_refused(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll_many([Enrollment(person_id="ada", embedding=faces[0])], request_id="r")
    for other in (
        Enrollment(person_id="ada", embedding=faces[1]),
        Enrollment(person_id="bob", embedding=faces[0]),
        Enrollment(person_id="ada", embedding=faces[0], name="x"),
    ):
        with pytest.raises(RequestConflict, match="request 'r' had other contents before"):
            gallery.enroll_many([other], request_id="r")
    with pytest.raises(RequestConflict):
        gallery.delete_person("ada", request_id="r")
    assert gallery.counts() == Counts(1, 1)


def test_a_request_that_failed_may_be_tried_again(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    with pytest.raises(UnknownPerson):
        gallery.delete_person("ada", request_id="r")
    gallery.enroll("ada", faces[0])
    assert gallery.delete_person("ada", request_id="r").faces == 1


def test_crop_quality_and_source_are_kept(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    quality = FaceQuality(40.5, -3.0, 0.1, 120.0)
    digest = "ab" * 32
    given = Enrollment(
        person_id="ada",
        embedding=faces[0],
        source="1.jpg",
        source_sha256=digest,
        quality=quality,
        crop=crop,
    )
    (face,) = gallery.enroll_many([given])
    gallery.enroll("ada", faces[1])

    assert (face.source_sha256, face.quality, face.has_crop) == (digest, quality, True)
    assert gallery.person("ada").faces[0] == face
    np.testing.assert_array_equal(gallery.crop("face-0"), crop)
    with pytest.raises(UnknownFace, match="no crop of face 'face-1'"):
        gallery.crop("face-1")
    with pytest.raises(ArgumentInvalid, match="64 hexadecimal digits"):
        gallery.enroll_many([Enrollment(person_id="x", embedding=faces[0], source_sha256="AB")])


def test_every_change_stands_in_the_log_in_one_chain(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("ada", faces[1])
    gallery.update_person("ada", PersonUpdate(name="Ada"))
    gallery.move_faces(["face-0"], "bob")
    gallery.delete_person("ada")

    entries = gallery.log()

    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert [(entry.change, entry.person_id, entry.face_id) for entry in entries] == [
        ("person.add", "", ""),
        ("face.add", "", "face-0"),
        ("face.add", "", ""),
        ("person.update", "", ""),
        ("person.add", "bob", ""),
        ("face.move", "bob", "face-0"),
        ("face.delete", "", ""),
        ("person.delete", "", ""),
    ]
    assert gallery.log(after=6, entries_max=1) == entries[6:7]


def test_a_failed_change_leaves_no_entry(gallery: EmbeddingGallery, tmp_path: Path) -> None:
    with pytest.raises(UnknownPerson):
        gallery.delete_person("nobody")
    assert gallery.log() == []


def test_who_or_what_is_not_there_is_named(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    for use in (
        gallery.person,
        gallery.delete_person,
        lambda person_id: gallery.verify(person_id, faces[0], threshold=0.5),
    ):
        with pytest.raises(UnknownPerson, match="'nobody'"):
            use("nobody")
    with pytest.raises(UnknownFace, match="'nothing'"):
        gallery.delete_face("nothing")


def test_a_retry_with_a_new_name_or_metadata_changes_the_person(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0], face_id="upload-1", name="Ada")
    gallery.enroll("ada", faces[0], face_id="upload-1", name="Ada L.", metadata={"team": "7"})
    gallery.enroll("ada", faces[0], face_id="upload-1")
    person = gallery.person("ada")
    assert (person.name, dict(person.metadata)) == ("Ada L.", {"team": "7"})
    assert len(person.faces) == 1
