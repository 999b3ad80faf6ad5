"""A gallery in PostgreSQL: bytes a face, time to open, to identify, to follow and to enrol.

Sketch first. A vector of 512 floats is 2,048 bytes: on the server three rows of it fill a page of
8 KB (2,731 bytes a face), in a process it takes 2,048 + 24. Opening reads all of it once. An
enrolment is ten or so statements, each a round trip (some 0.03 ms through a socket of an idle
machine), and a group of them one flush; an identification is the pass over memory and seven round
trips. pgvector's HNSW has a page of 8 KB for each one or two faces of 512 half floats and links.

`POSTGRES_FACES` sets the number of faces.
"""

import importlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.migrating import migrate
from facenet_res.gallery.types import Enrollment
from tests.benchmarks import bench
from tests.benchmarks.bench_gallery_large import DIM, Faces, fill, median_ms, resident_bytes
from tests.postgres_server import PostgresServer

CALLERS = 64
TABLES = ("vectors", "faces", "persons", "log")

NEAREST = f"SELECT slot FROM half ORDER BY content <#> %s::halfvec({DIM}) LIMIT 10"  # noqa: S608

Record = Callable[[str, object], None]


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A connection of psycopg that sees the gallery's tables."""
    psycopg = importlib.import_module("psycopg")
    place = importlib.import_module("facenet_res.gallery.postgres_place").place_of(url)
    with closing(psycopg.connect(**place.parameters, autocommit=True)) as connection:
        connection.execute(f"SET search_path = {place.gallery}, public")
        yield connection


def rows(place: str, query: str) -> list[tuple[object, ...]]:
    """What the server answers to a statement about a gallery."""
    with connected(place) as connection:
        found = connection.execute(query)
        return found.fetchall() if found.description else []


def new_faces(count: int, seed: int) -> list[Enrollment]:
    vectors = Faces(seed).of_people(count, faces=1)
    return [
        Enrollment(person_id=f"new-{seed}-{number}", embedding=vector)
        for number, vector in enumerate(vectors)
    ]


@pytest.mark.bench
def test_a_gallery_in_postgresql(
    postgres: PostgresServer, tmp_path: Path, record_property: Record
) -> None:
    faces = int(os.environ.get("POSTGRES_FACES", bench.size(smoke=500, full=50_000)))
    folder, url = tmp_path / "gallery", postgres.new_url()
    with EmbeddingGallery.create(folder, model_id="bench", embedding_dim=DIM) as gallery:
        fill(gallery, faces)
    start = time.perf_counter()
    held = migrate(folder, url).counts.faces
    record_property("migrated_faces_per_s", held / (time.perf_counter() - start))
    for table in TABLES:
        ((size,),) = rows(url, f"SELECT pg_total_relation_size('{table}')")
        record_property(f"server_bytes_a_face_{table}", int(str(size)) / held)

    before, start = resident_bytes(), time.perf_counter()
    with EmbeddingGallery.open(url) as gallery, EmbeddingGallery.open(url) as other:
        record_property("open_faces_per_s", 2 * held / (time.perf_counter() - start))
        record_property("resident_bytes_a_face", (resident_bytes() - before) / 2 / held)
        probes = Faces(2).of_people(100, faces=1)
        turns = iter(range(10**9))

        def identify() -> None:
            at = next(turns) % len(probes)
            gallery.identify(probes[at : at + 1], threshold=0.5)

        record_property("identify_ms", median_ms(identify, 50))
        small = bench.size(smoke=10, full=200)
        one_by_one = iter(new_faces(2 * small, 3))

        def enroll() -> None:
            other.enroll_many([next(one_by_one)])

        record_property("enrol_ms", median_ms(enroll, small))

        def enroll_and_see() -> None:
            face = next(one_by_one)
            other.enroll_many([face])
            (found,) = gallery.identify(face.embedding[None], threshold=0.99)
            assert found.person_id == face.person_id

        record_property("enrol_and_identify_in_another_ms", median_ms(enroll_and_see, small))
        many = new_faces(bench.size(smoke=100, full=2000), 4)
        ms = bench.best_ms(lambda: gallery.enroll_many(many), repeats=1)
        record_property("enrolled_per_s_in_batches", 1e3 * len(many) / ms)
        for name, galleries in (("one_process", [gallery]), ("two_stores", [gallery, other])):
            singles = new_faces(bench.size(smoke=100, full=2000), 5 + len(galleries))
            with ThreadPoolExecutor(CALLERS) as callers:
                start = time.perf_counter()
                list(
                    callers.map(
                        lambda pair, held=galleries: held[pair[0] % len(held)].enroll_many(
                            [pair[1]]
                        ),
                        enumerate(singles),
                    )
                )
                taken = time.perf_counter() - start
            record_property(f"enrolled_per_s_by_{CALLERS}_callers_{name}", len(singles) / taken)


@pytest.mark.bench
def test_hnsw_of_pgvector(postgres: PostgresServer, record_property: Record) -> None:
    faces = int(os.environ.get("POSTGRES_FACES", bench.size(smoke=200, full=20_000)))
    url = postgres.new_url()
    if not rows(url, "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip("needs pgvector on the server")
    people = Faces(1).of_people(faces // 3)
    probes = Faces(1).of_people(faces // 3, faces=4)[3::4][: bench.size(smoke=20, full=500)]
    exact = np.argmax(probes @ people.T, axis=1)
    with connected(url) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(f"CREATE TEMP TABLE half (slot BIGINT, content halfvec({DIM}))")
        with connection.cursor().copy("COPY half FROM STDIN") as copy:
            for slot, vector in enumerate(people):
                copy.write_row((slot, "[" + ",".join(f"{value:.5g}" for value in vector) + "]"))
        start = time.perf_counter()
        connection.execute(
            "CREATE INDEX by_similarity ON half USING hnsw (content halfvec_ip_ops) "
            "WITH (m = 16, ef_construction = 128)"
        )
        record_property("indexed_faces_per_s", len(people) / (time.perf_counter() - start))
        ((size,),) = connection.execute("SELECT pg_relation_size('by_similarity')").fetchall()
        record_property("index_bytes_a_face", size / len(people))
        texts = ["[" + ",".join(f"{value:.5g}" for value in probe) + "]" for probe in probes]
        connection.execute("SET enable_seqscan = off")
        for candidates in (40, 100, 400):
            connection.execute(f"SET hnsw.ef_search = {candidates}")
            start = time.perf_counter()
            found = [connection.execute(NEAREST, [text]).fetchall() for text in texts]
            seconds = time.perf_counter() - start
            # The ten are compared again exactly, as the gallery does with every hit.
            tens = np.array(found)[:, :, 0]
            scores = np.einsum("qkd,qd->qk", people[tens], probes)
            best = tens[np.arange(len(tens)), scores.argmax(axis=1)]
            record_property(f"recall_at_1_ef_{candidates}", float(np.mean(best == exact)))
            record_property(f"query_ms_ef_{candidates}", 1e3 * seconds / len(texts))
