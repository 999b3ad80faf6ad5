"""What the gallery's tests share: random directions, a clock that is set by hand, a gallery."""

import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.opening import create_store
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import GalleryInfo
from tests.postgres_server import PostgresServer

# It imports psycopg; other tests with a server are skipped where that is absent.
collect_ignore = [] if importlib.util.find_spec("psycopg") else ["test_postgres_store.py"]

DIM = 8
INFO = GalleryInfo("model-a", DIM, 1000.0)


in_a_folder = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""Marks a test of what only a store in a folder has: files."""


class Clock:
    """Says the time that a test has set."""

    def __init__(self) -> None:
        self.now = 2000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def faces() -> Embeddings:
    """float32[64, 8], of unit length."""
    return unit_norm(np.random.default_rng(0).normal(size=(64, DIM)))


@pytest.fixture
def clock() -> Clock:
    """Stands at 2000 seconds."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """A new, empty store of each kind; the one in a folder has no ballast."""
    store: Store
    if request.param == "sqlite":
        store = SqliteStore.create(tmp_path / "gallery", INFO, ballast_bytes=0, clock=clock)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        store = create_store(server.new_url(), INFO, clock)
    yield store
    store.close()


@pytest.fixture
def gallery(store: Store, clock: Clock) -> EmbeddingGallery:
    """A new, empty gallery whose face ids are face-0, face-1, ..."""
    numbers = itertools.count()
    return EmbeddingGallery(store, clock=clock, new_face_id=lambda: f"face-{next(numbers)}")
