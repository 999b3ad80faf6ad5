"""What a caller is told is what happened, also where a group of changes is done a second time."""

import os

import pytest

from facenet_res.core.errors import DiskFull, FaceExists
from facenet_res.core.types import Embeddings
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.head import Head, HeadFile
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.transaction import Transaction
from facenet_res.gallery.writer import Job
from tests.unit.gallery.conftest import in_a_folder


@in_a_folder
def test_an_error_of_a_first_try_does_not_outlive_the_second(store: SqliteStore) -> None:
    # Given: a change that fails once, in a group that has to be done again one by one.
    tries: list[str] = []

    def fails_once(_: Transaction) -> str:
        tries.append("first")
        if len(tries) == 1:
            raise FaceExists("for a moment")
        return "done"

    def full_once(_: Transaction) -> str:
        tries.append("second")
        if tries.count("second") == 1:
            raise DiskFull("for a moment")
        return "done too"

    jobs = [Job(fails_once), Job(full_once)]
    assert store._writer is not None
    store._writer._commit(jobs)
    assert [(job.answer, job.error) for job in jobs] == [("done", None), ("done too", None)]


@in_a_folder
def test_a_head_that_cannot_be_written_does_not_make_a_commit_a_failure(
    store: SqliteStore,
    gallery: EmbeddingGallery,
    faces: Embeddings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gallery.enroll("ada", faces[0])

    def fails(_: HeadFile, __: Head) -> None:
        raise DiskFull("no head")

    with monkeypatch.context() as patch:
        patch.setattr(HeadFile, "write", fails)
        assert gallery.delete_person("ada").faces == 1
    assert "head file is behind" in caplog.text
    gallery.enroll("bob", faces[1])
    assert gallery.counts().faces == 1


def test_a_head_that_is_being_replaced_is_read_again(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "head"  # type: ignore[operator]
    HeadFile.create(file)
    whole, reads = os.pread, []

    def torn(descriptor: int, size: int, place: int) -> bytes:
        reads.append(size)
        content = whole(descriptor, size, place)
        return content[:30] + b"0" * 20 + content[50:] if len(reads) < 3 else content

    monkeypatch.setattr(os, "pread", torn)
    assert HeadFile.read_from(file) == Head(0)
