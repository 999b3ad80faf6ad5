"""Enrolments per second, and the time to identify one face, in galleries of 100,000 faces.

Sketch first. An enrolment alone waits for one fsync of the log: 0.1 ms on a data centre's SSD that
answers from its cache, several ms on a disk that does not. Identifying reads every embedding once:
100,000 x 128 x 4 bytes are 51 MB, 5 ms at the 10 GB/s of one core; a batch of queries shares it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Enrollment
from tests.benchmarks import bench

DIM = 128
FACES_PER_PERSON = 3
BATCH = 1000

Record = Callable[[str, object], None]


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[EmbeddingGallery]:
    with EmbeddingGallery.create(tmp_path, model_id="bench", embedding_dim=DIM) as gallery:
        yield gallery


def enrollments(count: int) -> list[Enrollment]:
    embeddings = unit_norm(np.random.default_rng(0).normal(size=(count, DIM)))
    return [
        Enrollment(person_id=f"p{number // FACES_PER_PERSON}", embedding=embedding)
        for number, embedding in enumerate(embeddings)
    ]


@pytest.mark.bench
def test_enroll_one_by_one(gallery: EmbeddingGallery, record_property: Record) -> None:
    faces = iter(enrollments(bench.size(smoke=20, full=2000)))
    total = bench.size(smoke=10, full=1000)

    def enroll() -> None:
        for _ in range(total):
            gallery.enroll_many([next(faces)])

    record_property("enrolments_per_s", 1e3 * total / bench.best_ms(enroll, repeats=1))


@pytest.mark.bench
def test_enroll_in_batches(gallery: EmbeddingGallery, record_property: Record) -> None:
    faces = enrollments(bench.size(smoke=BATCH, full=20 * BATCH))

    def enroll() -> None:
        for start in range(0, len(faces), BATCH):
            gallery.enroll_many(faces[start : start + BATCH])

    record_property("enrolments_per_s", 1e3 * len(faces) / bench.best_ms(enroll, repeats=1))


@pytest.mark.bench
@pytest.mark.parametrize("queries", [1, 32])
def test_identify(gallery: EmbeddingGallery, queries: int, record_property: Record) -> None:
    known = enrollments(bench.size(smoke=2000, full=100_000))
    for start in range(0, len(known), BATCH):
        gallery.enroll_many(known[start : start + BATCH])
    embeddings = np.stack([one.embedding for one in known[:queries]])

    ms = bench.best_ms(
        lambda: gallery.identify(embeddings, threshold=0.5), repeats=bench.size(smoke=1, full=50)
    )

    record_property("faces", len(known))
    record_property("identify_ms", ms)
