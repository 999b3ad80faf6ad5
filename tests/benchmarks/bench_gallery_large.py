"""A gallery of a million faces: opening, searching, deleting, memory, and the FPIR that is kept.

Sketch: 1 M x 512 float32 are 2 GB. An exact search reads them once, 2 GB / memory bandwidth; so
does the check of all embeddings on opening. The table of slots is 24 MB. Set GALLERY_FACES to
another number of faces.
"""

import os
import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Enrollment
from tests.benchmarks import bench

DIM = 512
FACTORS = 48
"""People differ in as many directions, as those of real networks do, not in all 512."""
FACES_PER_PERSON = 2
BATCH = 10_000
STRANGERS = 1000

Record = Callable[[str, object], None]


class Faces:
    """Face-like vectors: a random direction for each person, and spread around it."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._mixing = np.random.default_rng(0).normal(size=(FACTORS, DIM)).astype(np.float32)

    def of_people(self, people: int, faces: int = FACES_PER_PERSON) -> Embeddings:
        shape = (people, 1, FACTORS)
        centres = self._generator.standard_normal(shape, np.float32)
        spread = self._generator.standard_normal((people, faces, FACTORS), np.float32)
        return unit_norm((centres + 0.5 * spread).reshape(-1, FACTORS) @ self._mixing)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def fill(gallery: EmbeddingGallery, faces_max: int) -> float:
    """Enrols people; seconds that it took."""
    source, seconds = Faces(1), 0.0
    for begin in range(0, faces_max, BATCH):
        people = BATCH // FACES_PER_PERSON
        vectors = source.of_people(people)
        batch = [
            Enrollment(
                person_id=f"p{(begin + number) // FACES_PER_PERSON}",
                embedding=vector,
                face_id=f"f{begin + number}",
            )
            for number, vector in enumerate(vectors)
        ]
        start = time.perf_counter()
        gallery.enroll_many(batch)
        seconds += time.perf_counter() - start
    return seconds


def median_ms(action: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return 1e3 * float(np.median(taken))


@pytest.mark.bench
def test_a_large_gallery(tmp_path: Path, record_property: Record) -> None:
    faces = int(os.environ.get("GALLERY_FACES", bench.size(smoke=BATCH, full=1_000_000)))
    path = tmp_path / "gallery"
    strangers = Faces(2).of_people(STRANGERS, faces=1)
    with EmbeddingGallery.create(path, model_id="bench", embedding_dim=DIM) as gallery:
        record_property("enrolled_per_s_in_batches", faces / fill(gallery, faces))

    before = resident_bytes()
    start = time.perf_counter()
    with EmbeddingGallery.open(path) as gallery:
        record_property("open_s", time.perf_counter() - start)
        gallery.identify(strangers[:1], threshold=0.5)
        record_property("resident_bytes_per_face", (resident_bytes() - before) / faces)
        vectors = gallery.store.vectors
        times = bench.size(smoke=2, full=9)
        record_property("read_memory_once_ms", median_ms(vectors.max, times))
        for queries in (1, 64):
            ms = median_ms(partial(gallery.identify, strangers[:queries], threshold=0.5), times)
            record_property(f"identify_{queries}_ms", ms)
        with ThreadPoolExecutor(64) as threads:
            ms = median_ms(
                lambda: list(
                    threads.map(
                        lambda n: gallery.identify(strangers[n : n + 1], threshold=0.5), range(64)
                    )
                ),
                bench.size(smoke=1, full=3),
            )
        record_property("identify_64_callers_ms", ms)
        doomed = iter([f"p{n}" for n in range(times)])
        record_property(
            "delete_person_ms", median_ms(lambda: gallery.delete_person(next(doomed)), times)
        )
        for fpir in (0.01, 0.05):
            start = time.perf_counter()
            point = gallery.operating_point(fpir=fpir)
            record_property(f"calibrate_{fpir}_s", time.perf_counter() - start)
            answers = gallery.identify(strangers, threshold=point.threshold, k=1)
            seen = sum(answer.is_known for answer in answers) / len(answers)
            record_property(f"fpir_{fpir}_interval", (point.rate_low, point.rate_high))
            record_property(f"fpir_{fpir}_seen", seen)


@pytest.mark.bench
def test_durable_enrolments_of_64_callers(tmp_path: Path, record_property: Record) -> None:
    total = bench.size(smoke=4, full=300)
    vectors = Faces(3).of_people(64, faces=total)
    waits: list[float] = []
    with EmbeddingGallery.create(tmp_path, model_id="bench", embedding_dim=DIM) as gallery:

        def call(caller: int) -> None:
            for number in range(total):
                start = time.perf_counter()
                gallery.enroll(f"p{caller}", vectors[caller * total + number])
                waits.append(time.perf_counter() - start)

        threads = [threading.Thread(target=call, args=(caller,)) for caller in range(64)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    record_property("enrolments_per_s", 64 * total / seconds)
    record_property("enrolment_p99_ms", 1e3 * float(np.quantile(waits, 0.99)))


@pytest.mark.bench
def test_searches_beside_writers(tmp_path: Path, record_property: Record) -> None:
    """A search's latency alone, and while faces are enrolled and deleted: the same process."""
    faces = int(os.environ.get("GALLERY_FACES", bench.size(smoke=BATCH, full=100_000)))
    probes, more = Faces(2).of_people(1), Faces(4).of_people(20_000, faces=1)
    with EmbeddingGallery.create(tmp_path, model_id="bench", embedding_dim=DIM) as gallery:
        fill(gallery, faces)
        is_over = threading.Event()
        written = 0

        def write() -> None:
            # 1,000 faces a second in batches of 100, and 100 deletions.
            nonlocal written
            while not is_over.wait(0.1) and written < len(more) - 100:
                gallery.enroll_many(
                    [
                        Enrollment(person_id=f"new-{written + number}", embedding=vector)
                        for number, vector in enumerate(more[written : written + 100])
                    ]
                )
                gallery.delete_people([f"new-{written + number}" for number in range(10)])
                written += 100

        waits: dict[str, list[float]] = {"alone": [], "beside_writers": []}
        for name, taken in waits.items():
            thread = threading.Thread(target=write)
            if name == "beside_writers":
                thread.start()
            for _ in range(bench.size(smoke=5, full=400)):
                start = time.perf_counter()
                gallery.identify(probes[:1], threshold=0.5)
                taken.append(time.perf_counter() - start)
        is_over.set()
        thread.join()
    for name, taken in waits.items():
        for share in (0.5, 0.99):
            record_property(f"{name}_p{share}_ms", 1e3 * float(np.quantile(taken, share)))
    record_property("written_meanwhile", written)
