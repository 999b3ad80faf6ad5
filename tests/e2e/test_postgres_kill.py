"""Two processes write to one gallery in PostgreSQL; they, or servers, are killed at any moment.

What was acknowledged is there, once; what was deleted is not. The server is killed with all of its
processes by SIGKILL, which does not show what a power cut does: that is `fsync`'s promise.
"""

import os
import random
import subprocess
import sys
import threading
import time
from typing import IO

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.gallery.gallery import EmbeddingGallery
from tests.postgres_server import PostgresServer

ROUNDS = int(os.environ.get("TORTURE_KILLS", "3"))
WAIT_S_MAX = 60.0
DIM = 16
WORKERS = 2

WORKER = """
import itertools, sys
import numpy as np
from facenet_res.core.arrays import unit_norm
from facenet_res.gallery.gallery import EmbeddingGallery

url, worker, start = sys.argv[1], sys.argv[2], int(sys.argv[3])
with EmbeddingGallery.open(url, model_id="model-a", embedding_dim=16) as gallery:
    for number in itertools.count(start):
        if number % 5 == 4:
            print(f"try-delete {number - 3}", flush=True)
            gallery.delete_face(f"{worker}-{number - 3}")
            print(f"deleted {number - 3}", flush=True)
            continue
        face = unit_norm(np.random.default_rng(number).normal(size=(1, 16)))[0]
        print(f"try-enroll {number}", flush=True)
        gallery.enroll(f"p{number % 7}", face, face_id=f"{worker}-{number}")
        print(f"enrolled {number}", flush=True)
"""


class Worker:
    """A process that writes, and what it said: only whole lines count."""

    def __init__(self, url: str, name: str, start: int) -> None:
        self.name = name
        self.said: list[tuple[str, int]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, url, name, str(start)], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=[self._process.stdout])
        self._reader.start()

    def wait_for_more(self) -> None:
        """Returns when something has been acknowledged since the call."""
        before, limit = len(self.said), time.monotonic() + WAIT_S_MAX
        while len(self.said) < before + 2:
            assert time.monotonic() < limit, "the worker acknowledges nothing"
            assert self._process.poll() is None, "the worker ended by itself"
            time.sleep(0.005)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self, out: IO[bytes]) -> None:
        with out:
            for line in out:
                if line.endswith(b"\n"):
                    what, number = line.decode().split()
                    self.said.append((what, int(number)))


class Expected:
    """The faces that must be there, and those that may be."""

    def __init__(self) -> None:
        self.sure: set[str] = set()
        self.open: set[str] = set()

    def learn(self, worker: Worker) -> None:
        for what, number in worker.said:
            face_id = f"{worker.name}-{number}"
            self.open.discard(face_id)
            if what == "enrolled":
                self.sure.add(face_id)
            else:
                self.sure.discard(face_id)
            if what.startswith("try"):
                self.open.add(face_id)

    def check(self, gallery: EmbeddingGallery) -> None:
        listed = [face.face_id for person in gallery.people() for face in person.faces]
        found = set(listed)
        assert len(found) == len(listed), "a face is there twice"
        assert self.sure <= found, "an acknowledged face is lost"
        assert found <= self.sure | self.open, "a deleted face is there again"
        self.sure, self.open = found, set()
        for face_id in sorted(found)[-20:]:
            number = int(face_id.partition("-")[2])
            face = unit_norm(np.random.default_rng(number).normal(size=(1, DIM)))
            (answer,) = gallery.identify(face, threshold=0.999, k=1)
            assert answer.person_id == f"p{number % 7}"


@pytest.mark.e2e
def test_nothing_acknowledged_is_lost_and_nothing_deleted_comes_back(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_url()
    EmbeddingGallery.create(url, model_id="model-a", embedding_dim=DIM).close()
    choose = random.Random(0)  # noqa: S311
    expected = Expected()

    for number in range(ROUNDS):
        workers = [Worker(url, f"w{each}", 1000 * number) for each in range(WORKERS)]
        try:
            for worker in workers:
                worker.wait_for_more()
            time.sleep(choose.uniform(0, 0.2))
            if number % 2 == 0:
                postgres.kill()
                postgres.start()
                # They go on by themselves, each with the change that it was at.
                for worker in workers:
                    worker.wait_for_more()
                time.sleep(choose.uniform(0, 0.2))
        finally:
            for worker in workers:
                worker.kill()
        for worker in workers:
            expected.learn(worker)
        with EmbeddingGallery.open(url, model_id="model-a", embedding_dim=DIM) as gallery:
            expected.check(gallery)

    assert len(expected.sure) > ROUNDS, "the rounds were too short to mean anything"


@pytest.mark.e2e
@pytest.mark.usefixtures("postgres")
def test_a_fail_over_to_a_synchronous_standby_loses_nothing() -> None:
    expected = Expected()
    with PostgresServer() as primary, PostgresServer(primary, "standby") as standby:
        primary.wait_for_standby(standby)
        url = primary.url("staff").replace(f"host={primary.folder}", "host={}")
        both = url.format(f"{primary.folder},{standby.folder}")
        EmbeddingGallery.create(both, model_id="model-a", embedding_dim=DIM).close()
        workers = [Worker(both, f"w{each}", 0) for each in range(WORKERS)]
        try:
            for worker in workers:
                worker.wait_for_more()
            with EmbeddingGallery.open(url.format(standby.folder), read_only=True) as reader:
                with EmbeddingGallery.open(both, read_only=True) as first:
                    reader.wait_for(first.position())
                assert reader.counts().faces, "the standby is not read"
                time.sleep(0.2)
                primary.kill()
                standby.promote()
                for worker in workers:
                    worker.wait_for_more()
                # It goes on too, on what is the primary now.
                assert reader.counts().faces
        finally:
            for worker in workers:
                worker.kill()
        for worker in workers:
            expected.learn(worker)
        with EmbeddingGallery.open(both, model_id="model-a", embedding_dim=DIM) as gallery:
            expected.check(gallery)
    assert len(expected.sure) > WORKERS
