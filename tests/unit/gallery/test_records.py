"""An embedding is checked at the door."""

import numpy as np
import pytest

from facenet_res.core.errors import ArrayInvalid
from facenet_res.core.types import Embeddings
from facenet_res.gallery.records import check_embedding, random_face_id, to_record, to_templates
from facenet_res.gallery.types import EnrolledFace, Enrollment, Owner, StoredFace


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(8, np.float32),
        np.full(8, np.nan, np.float32),
        np.ones(8, np.float32),
        np.eye(7, dtype=np.float32)[0],
        np.eye(8, dtype=np.float32),
        np.float32(1),
    ],
    ids=["zero", "nan", "long", "short", "two-dimensional", "scalar"],
)
def test_refuses_what_is_no_unit_vector_of_the_dimension(bad: object) -> None:
    with pytest.raises(ArrayInvalid):
        check_embedding(bad, 8)


def test_a_record_carries_everything_of_its_enrolment(faces: Embeddings) -> None:
    record = to_record(
        Enrollment(
            person_id="ada", embedding=faces[0], name="Ada", metadata={"a": "b"}, source="1.jpg"
        ),
        "f0",
        7.0,
        8,
    )
    assert record.face == EnrolledFace("f0", "ada", "1.jpg", 7.0)
    assert (record.name, record.metadata) == ("Ada", {"a": "b"})

    templates = to_templates([StoredFace(3, record.face)], [record])
    assert templates.rows.tolist() == [3]
    assert templates.owners == (Owner("ada", "f0"),)
    np.testing.assert_array_equal(templates.embeddings, faces[:1])


def test_random_face_ids_differ() -> None:
    assert random_face_id() != random_face_id()
