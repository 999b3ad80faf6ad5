"""Killed with SIGKILL at any moment, a gallery holds every acknowledged face, once.

A kill cannot lose what the kernel was given, so this shows the order of our writes and the healing
on opening. That a power cut loses nothing either is SQLite's promise with `synchronous = FULL`.
"""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.gallery.gallery import EmbeddingGallery

ROUNDS = int(os.environ.get("TORTURE_KILLS", "8"))
DIM = 16
PERSONS = 7

WORKER = """
import itertools, sys
from pathlib import Path
import numpy as np
from facenet_res.core.arrays import unit_norm
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Enrollment

path, start = Path(sys.argv[1]), int(sys.argv[2])
with EmbeddingGallery.open(path, model_id="model-a", embedding_dim=16) as gallery:
    for number in itertools.count(start):
        if number % 5 == 4:
            face_id = f"face-{number - 3}"
            print(f"try-delete {number - 3}", flush=True)
            gallery.delete_face(face_id)
            print(f"deleted {number - 3}", flush=True)
            continue
        face = unit_norm(np.random.default_rng(number).normal(size=(1, 16)))[0]
        gallery.enroll(f"p{number % 7}", face, face_id=f"face-{number}")
        print(f"enrolled {number}", flush=True)
"""


def face(number: int) -> np.ndarray:
    return unit_norm(np.random.default_rng(number).normal(size=(1, DIM)))[0]


def run_until_killed(path: Path, start: int, delay_s: float) -> list[tuple[str, int]]:
    """Lets a process enrol and delete, kills it some time after its first word; what it said."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), str(start)], stdout=subprocess.PIPE
    )
    try:
        assert worker.stdout is not None
        assert select.select([worker.stdout], [], [], 60)[0], "the worker never began"
        time.sleep(delay_s)
    finally:
        worker.send_signal(signal.SIGKILL)
        said, _ = worker.communicate()
    # The last line may have been cut in the middle; without its end it acknowledges nothing.
    lines = [line.split() for line in said.decode().split("\n")[:-1]]
    return [(what, int(number)) for what, number in lines]


@pytest.mark.e2e
def test_every_acknowledged_face_is_there_once_and_no_deleted_one(tmp_path: Path) -> None:
    path = tmp_path / "gallery"
    EmbeddingGallery.create(path, model_id="model-a", embedding_dim=DIM).close()
    choose = random.Random(0)  # noqa: S311
    expected: set[int] = set()
    start = 0

    for _ in range(ROUNDS):
        said = run_until_killed(path, start, delay_s=choose.uniform(0, 0.12))

        enrolled = {number for what, number in said if what == "enrolled"}
        deleted = {number for what, number in said if what == "deleted"}
        undecided = {number for what, number in said if what == "try-delete"} - deleted
        expected = (expected | enrolled) - deleted
        last = max(enrolled | undecided, default=start)
        with EmbeddingGallery.open(path, model_id="model-a", embedding_dim=DIM) as gallery:
            listed = [one for person in gallery.people() for one in person.faces]
            counted = Counter(int(one.face_id.removeprefix("face-")) for one in listed)
            # A step may have been done and its acknowledgement lost: the one after the last word.
            begun = set(counted) - expected
            assert begun <= {last + 1, last + 2}, "a face that nobody enrolled, or a deleted one"
            assert expected - undecided <= set(counted), "an acknowledged face is lost"
            assert set(counted.values()) <= {1}
            for number in sorted(counted)[-50:]:
                (answer,) = gallery.identify(face(number)[None], threshold=0.999, k=1)
                assert answer.candidates[0].face_id == f"face-{number}"
                assert answer.person_id == f"p{number % PERSONS}"
        expected = set(counted)
        start = (last // 5 + 2) * 5

    assert expected, "the rounds were too short to mean anything"
