"""Which kind of store a gallery's place names: a folder is SQLite's, a URL is PostgreSQL's."""

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.extras import require
from facenet_res.core.files import given_path
from facenet_res.gallery.slots import Fill
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import GalleryInfo

if TYPE_CHECKING:
    from facenet_res.gallery.postgres_store import PostgresStore

SCHEMES = ("postgresql://", "postgres://")

Place = str | os.PathLike[str]
"""A folder, or `postgresql://USER@HOST/DATABASE?gallery=NAME`."""


def is_url(place: Place) -> bool:
    """Whether a place is a database's."""
    return isinstance(place, str) and place.startswith(SCHEMES)


def create_store(
    place: Place, info: GalleryInfo, clock: Callable[[], float]
) -> "SqliteStore | PostgresStore":
    """Makes a store and opens it; see `SqliteStore.create` and `PostgresStore.create`.

    Raises:
        EngineUnavailable: psycopg is not installed.
    """
    if not is_url(place):
        return SqliteStore.create(given_path(place, "path"), info, clock=clock)
    store: PostgresStore = _postgres("store").PostgresStore.create(
        _parsed(place), info, clock=clock
    )
    return store


def make_store(place: Place, vector_bytes: int, fill: Fill) -> None:
    """Makes a store that is not empty; see `SqliteStore.make` and `PostgresStore.make`."""
    if is_url(place):
        _postgres("store").PostgresStore.make(_parsed(place), vector_bytes, fill)
    else:
        SqliteStore.make(given_path(place, "path"), vector_bytes, fill)


def open_store(place: Place, *, read_only: bool) -> "SqliteStore | PostgresStore":
    """Opens a store; see `SqliteStore.open` and `PostgresStore.open`.

    Raises:
        EngineUnavailable: psycopg is not installed.
    """
    if not is_url(place):
        folder = given_path(place, "path")
        return SqliteStore.open_reading(folder) if read_only else SqliteStore.open(folder)
    kind = _postgres("store").PostgresStore
    store: PostgresStore = (kind.open_reading if read_only else kind.open)(_parsed(place))
    return store


def shown(place: Place) -> str:
    """The place for messages, without a password."""
    return str(_parsed(place)) if is_url(place) else str(place)


def folder_of(place: Place, use: str) -> Path:
    """The folder of a gallery, for uses that a database has means of its own for.

    Raises:
        ArgumentInvalid: the place is a database's.
    """
    if is_url(place):
        raise ArgumentInvalid(f"{shown(place)} is in PostgreSQL: {use}")
    return Path(place)


def name_of(place: Place) -> str:
    """The gallery's own name, without where it is."""
    return str(_parsed(place).gallery) if is_url(place) else Path(place).name


def _parsed(place: Place) -> Any:
    return _postgres("place").place_of(str(place))


def _postgres(name: str) -> Any:
    """One of the modules that need psycopg, which a gallery in a folder does not."""
    require("a gallery in PostgreSQL", ["psycopg"], "postgres")
    return importlib.import_module(f"facenet_res.gallery.postgres_{name}")
