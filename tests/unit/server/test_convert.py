"""To the wire and back: what the client reads is what the library meant."""

from dataclasses import replace

import numpy as np
import pytest

from facenet_res.client import calls, replies
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Box, Candidate, Face, FaceQuality, Identification, Verification
from facenet_res.gallery.types import DeletionReceipt, EnrolledFace, Person
from facenet_res.server import convert
from facenet_res.v1 import embedding_service_pb2 as embedding_pb
from facenet_res.v1 import gallery_service_pb2 as gallery_pb

PROBE = Face(
    box=Box(1.5, -2.25, 30.0, 40.5),
    landmarks=np.arange(10, dtype=np.float32).reshape(5, 2),
    detection_score=0.75,
    quality=FaceQuality(36.5, -2.0, 0.25, 512.0),
)
FACE = EnrolledFace("face-1", "ada", "ada.jpg", 1234.5)


def test_a_face_comes_back_as_it_was() -> None:
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (112, 112, 3), np.uint8)
    face = replace(PROBE, embedding=rng.normal(size=64).astype(np.float32), crop=crop)
    message = convert.to_face(face, with_embedding=True, with_crop=True)
    response = embedding_pb.EmbedResponse(faces=[message])
    found = embedding_pb.EmbedResponse.FromString(response.SerializeToString())
    (back,) = replies.image_result(found).faces
    assert back.box == PROBE.box
    assert back.detection_score == PROBE.detection_score
    assert back.quality == PROBE.quality
    np.testing.assert_array_equal(back.landmarks, PROBE.landmarks)
    np.testing.assert_array_equal(back.embedding, face.embedding)
    np.testing.assert_array_equal(back.crop, crop)


def test_aligned_faces_arrive_as_they_were_sent() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), np.uint8)
    request = calls.embed_aligned(faces[::-1]).request
    assert isinstance(request, embedding_pb.EmbedAlignedRequest)
    np.testing.assert_array_equal(convert.from_aligned(request.faces, 3), faces[::-1])


@pytest.mark.parametrize("size", [0, 1, convert.FACE_BYTES - 1, 4 * convert.FACE_BYTES])
def test_bytes_that_are_no_faces_are_refused(size: int) -> None:
    with pytest.raises(ArgumentInvalid, match=f"{size} bytes, allowed are 1 to 3 faces of 37632"):
        convert.from_aligned(bytes(size), 3)


@pytest.mark.parametrize("score", [0.3, 0.1 + 0.2, -1.0, 1.0])
def test_rounding_on_the_wire_never_turns_a_verdict(score: float) -> None:
    meant = Verification(score, score, 1e-3)
    response = gallery_pb.VerifyResponse(verdict=convert.to_verdict(meant))
    back = replies.verdict(gallery_pb.VerifyResponse.FromString(response.SerializeToString()))
    assert replace(back, probe=None) == meant
    assert back.is_match
    assert response.verdict.is_match


def test_an_identification_comes_back_with_its_candidates() -> None:
    meant = Identification(
        (Candidate("ada", "face-1", 0.7), Candidate("bob", "face-2", 0.1)), 0.5, "ada", fmr=1e-3
    )
    said = convert.to_identification(PROBE, meant)
    (back,) = replies.identified(gallery_pb.IdentifyResponse(identifications=[said]))
    assert replace(back, face=None) == meant
    assert back.face is not None
    assert back.face.box == PROBE.box


def test_a_list_leaves_the_faces_out_and_counts_them() -> None:
    person = Person("ada", "Ada", {"k": "v"}, 1000.0, (FACE,))
    full = replies.person(convert.to_person(person, with_faces=True))
    listed = replies.person(convert.to_person(person, with_faces=False))
    assert (full.person_id, full.name, dict(full.metadata)) == ("ada", "Ada", {"k": "v"})
    assert (full.face_count, listed.face_count, listed.faces) == (1, 1, ())
    assert full.faces[0].face_id == "face-1"
    assert full.faces[0].enrolled_unix_s == 1234.5


def test_a_receipt_comes_back_as_it_was() -> None:
    receipt = DeletionReceipt("ada", "", 3, 99.5, 0)
    response = gallery_pb.DeletePersonResponse(receipt=convert.to_receipt(receipt))
    back = replies.receipt(response)
    assert (back.person_id, back.face_id, back.faces, back.deleted_unix_s, back.rows_left) == (
        "ada",
        "",
        3,
        99.5,
        0,
    )
