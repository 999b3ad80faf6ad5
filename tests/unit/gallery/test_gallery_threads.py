"""The gallery from several threads at once."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from facenet_res.core.errors import DeadlineExceeded
from facenet_res.core.types import Embeddings
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts


def test_searches_beside_changes_always_find_who_stays(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("stays", faces[0])
    is_over = threading.Event()

    def search() -> None:
        while not is_over.is_set():
            (answer,) = gallery.identify(faces[:1], threshold=0.9, k=3)
            assert answer.person_id == "stays"
            assert gallery.verify("stays", faces[0], threshold=0.9).is_match

    def change(number: int) -> None:
        for attempt in range(10):
            face_id = f"{number}-{attempt}"
            gallery.enroll(f"goes-{number}", faces[number], face_id=face_id)
            gallery.delete_face(face_id)

    with ThreadPoolExecutor(4) as threads:
        searches = [threads.submit(search) for _ in range(2)]
        changes: list[Callable[[], None]] = [
            threads.submit(change, number).result for number in (1, 2)
        ]
        for result in changes:
            result()
        is_over.set()
        for one in searches:
            one.result(30)
    assert gallery.counts().faces == 1


def test_one_face_id_from_many_threads_is_enrolled_once(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    with ThreadPoolExecutor(8) as threads:
        enrolled = set(
            threads.map(
                lambda _: gallery.enroll("ada", faces[0], face_id="upload-1"),
                itertools.repeat(0, 40),
            )
        )
    assert len(enrolled) == 1
    assert gallery.counts() == Counts(1, 1)


def test_a_position_of_the_log_is_waited_for(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    gallery.enroll("ada", faces[0])
    position = gallery.position()
    gallery.wait_for(position, wait_s=0.0)
    with pytest.raises(DeadlineExceeded, match=f"at {position} of 3 after 0.05 s"):
        gallery.wait_for(position + 1, wait_s=0.05)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(gallery.wait_for, position + 1, wait_s=30.0)
        gallery.enroll("bob", faces[1])
        waiting.result()
