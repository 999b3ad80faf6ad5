"""Enrolments of several callers run as one change, and each gets what it would have got alone."""

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, FaceExists
from facenet_res.core.types import Embeddings
from facenet_res.gallery import running
from facenet_res.gallery.changes import AddFaces, delete_people
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import Counts, Enrollment, Request
from facenet_res.gallery.writer import Job
from tests.unit.gallery.conftest import in_a_folder

pytestmark = in_a_folder


def job(person_id: str, face: np.ndarray, face_id: str, limit: int = 10) -> Job:
    return Job(AddFaces([Enrollment(person_id=person_id, embedding=face, face_id=face_id)], limit))


def commit(store: SqliteStore, jobs: list[Job]) -> list[object]:
    assert store._writer is not None
    store._writer._commit(jobs)
    return [job.error or [face.face_id for face in job.answer] for job in jobs]


def test_each_caller_gets_its_own_faces(
    store: SqliteStore,
    gallery: EmbeddingGallery,
    faces: Embeddings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone: list[int] = []
    whole = running.run_job

    def counted(one: Job, *rest: object) -> None:
        alone.append(len(one.change.enrollments) if isinstance(one.change, AddFaces) else 0)
        whole(one, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "run_job", counted)
    jobs = [job(f"p{n % 3}", faces[n], f"f{n}") for n in range(6)]
    two = AddFaces([*jobs[0].change.enrollments, *job("x", faces[9], "f9").change.enrollments], 10)  # type: ignore[attr-defined]
    jobs.insert(3, Job(two))
    jobs.append(Job(lambda transaction: delete_people(transaction, ["p2"]), is_deletion=True))
    jobs.append(job("p2", faces[7], "f7"))
    jobs.append(Job(job("p2", faces[8], "f8").change, request=Request("r", "c")))

    assert store._writer is not None
    store._writer._commit(jobs)

    assert alone == [8, 0, 1, 1]
    assert [[face.face_id for face in one.answer] for one in jobs[:4]] == [
        ["f0"], ["f1"], ["f2"], ["f0", "f9"],
    ]  # fmt: skip
    assert [face.face_id for face in gallery.person("p2").faces] == ["f7", "f8"]
    assert gallery.counts() == Counts(4, 7)


def test_one_that_fails_fails_alone(
    store: SqliteStore, gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0], face_id="taken")
    jobs = [
        job("bob", faces[1], "f1"),
        job("bob", faces[2], "taken"),
        job("cid", faces[3], "f3", 1),
        job("cid", faces[4], "f4", 1),
        job("bob", faces[5], "f5"),
    ]
    found = commit(store, jobs)
    assert (found[0], found[2], found[4]) == (["f1"], ["f3"], ["f5"])
    assert isinstance(found[1], FaceExists)
    assert isinstance(found[3], ArgumentInvalid)
    assert gallery.counts() == Counts(3, 4)
    assert all(one.is_known for one in gallery.identify(faces[[0, 1, 3, 5]], threshold=0.99))
    assert not gallery.identify(faces[2:3], threshold=0.99)[0].is_known


def test_no_more_are_joined_than_a_limit(
    store: SqliteStore,
    gallery: EmbeddingGallery,
    faces: Embeddings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "TOGETHER_MAX", 4)
    assert commit(store, [job("p", faces[n], f"f{n}", 64) for n in range(10)]) == [
        [f"f{n}"] for n in range(10)
    ]
    assert gallery.counts() == Counts(1, 10)
