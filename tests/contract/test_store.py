"""What every store must do, whatever it keeps its faces in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import (
    ArgumentInvalid,
    FaceExists,
    ShuttingDown,
    UnknownFace,
    UnknownPerson,
)
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import (
    Counts,
    EnrolledFace,
    FaceRecord,
    GalleryInfo,
    Owner,
    Person,
)

DIM = 8
MANY = 1000
INFO = GalleryInfo("model-a", DIM, 1000.0)
FACES = unit_norm(np.random.default_rng(0).normal(size=(64, DIM)))


@pytest.fixture(params=["sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store at each call; the first makes it."""
    opened: list[Store] = []
    kinds: dict[str, Callable[[], Store]] = {
        "sqlite": lambda: (
            SqliteStore.open(tmp_path, ballast_bytes=0)
            if opened
            else SqliteStore.create(tmp_path, INFO, ballast_bytes=0)
        )
    }

    def reopened() -> Store:
        for store in opened:
            store.close()
        opened.append(kinds[request.param]())
        return opened[-1]

    yield reopened
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


def record(
    person_id: str, number: int, *, face_id: str = "", name: str = "", note: str = ""
) -> FaceRecord:
    face = EnrolledFace(face_id or f"f{number}", person_id, f"{number}.jpg", 2000.0 + number)
    return FaceRecord(face, FACES[number], name, {"note": note} if note else {})


def test_a_new_store_is_empty_and_knows_its_model(store: Store) -> None:
    assert store.info == INFO
    assert store.counts() == Counts(0, 0)
    assert store.people(10, "") == []
    assert list(store.templates()) == []


def test_what_was_added_is_there_again_after_closing(open_store: Callable[[], Store]) -> None:
    stored = open_store().add(
        [record("ada", 0, name="Ada", note="zeilen\nüber 😀"), record("bob", 1), record("ada", 2)],
        MANY,
    )

    store = open_store()

    assert [one.face.face_id for one in stored] == ["f0", "f1", "f2"]
    assert store.person("ada") == Person(
        "ada",
        "Ada",
        {"note": "zeilen\nüber 😀"},
        2000.0,
        (EnrolledFace("f0", "ada", "0.jpg", 2000.0), EnrolledFace("f2", "ada", "2.jpg", 2002.0)),
    )
    assert store.counts() == Counts(2, 3)
    assert store.info == INFO
    (batch,) = store.templates()
    assert batch.rows.tolist() == [one.row for one in stored]
    assert batch.owners == (Owner("ada", "f0"), Owner("bob", "f1"), Owner("ada", "f2"))
    np.testing.assert_array_equal(batch.embeddings, FACES[:3])


def test_a_retry_changes_nothing_and_returns_the_first(store: Store) -> None:
    (first,) = store.add([record("ada", 0, name="Ada", note="x")], MANY)
    # The same crop from another batch: the last bits differ.
    retried = record("ada", 0, name="other", note="y")
    wobbled = unit_norm(FACES[:1] + 1e-3)[0]
    later = FaceRecord(
        EnrolledFace("f0", "ada", "other.jpg", 9999.0), wobbled, retried.name, retried.metadata
    )

    (again, beside) = store.add([later, later], MANY)

    assert again == first
    assert beside == first
    assert store.person("ada").name == "Ada"
    assert store.counts() == Counts(1, 1)
    np.testing.assert_array_equal(store.embeddings_of("ada")[0], FACES[:1])


def test_a_face_id_is_taken_for_another_person_and_another_picture(store: Store) -> None:
    store.add([record("ada", 0)], MANY)
    with pytest.raises(FaceExists, match="'f0' belongs to 'ada', not to 'bob'"):
        store.add([record("bob", 0)], MANY)
    with pytest.raises(FaceExists, match=r"another picture: similarity .*at least 0\.999"):
        store.add([record("ada", 1, face_id="f0")], MANY)
    assert store.counts() == Counts(1, 1)


def test_all_are_added_or_none(store: Store) -> None:
    store.add([record("ada", 0)], MANY)
    with pytest.raises(FaceExists):
        store.add([record("bob", 1), record("ada", 2), record("bob", 0)], MANY)
    assert store.counts() == Counts(1, 1)
    with pytest.raises(UnknownPerson):
        store.person("bob")


def test_a_person_has_at_most_so_many_faces_but_retries_are_free(store: Store) -> None:
    two = [record("ada", 0), record("ada", 1)]
    store.add(two, 2)
    store.add(two, 2)
    with pytest.raises(ArgumentInvalid, match="'ada' has 2 faces, limit is 2"):
        store.add([record("ada", 2)], 2)
    assert store.counts() == Counts(1, 2)


def test_a_name_or_metadata_given_later_replaces_and_left_out_stays(store: Store) -> None:
    store.add([record("ada", 0, name="Ada", note="old")], MANY)
    store.add([record("ada", 1)], MANY)
    assert (store.person("ada").name, store.person("ada").metadata) == ("Ada", {"note": "old"})

    store.add([record("ada", 2, name="A. L.", note="new")], MANY)

    assert (store.person("ada").name, store.person("ada").metadata) == ("A. L.", {"note": "new"})


def test_pages_follow_each_other_without_gap_or_overlap(store: Store) -> None:
    ids = ["Z", "a", "b'--", 'b"', "é", "張", "😀"]
    store.add([record(person_id, number) for number, person_id in enumerate(ids)], MANY)
    store.add([record("a", 10)], MANY)

    pages, after = [], ""
    while page := store.people(3, after):
        pages.append(page)
        after = page[-1].person_id

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [person.person_id for page in pages for person in page] == sorted(ids)
    assert pages[0][1] == store.person("a")
    assert [face.face_id for face in pages[0][1].faces] == ["f1", "f10"]


def test_a_persons_embeddings_come_with_their_face_ids(store: Store) -> None:
    store.add([record("ada", 0), record("bob", 1), record("ada", 2)], MANY)

    embeddings, face_ids = store.embeddings_of("ada")

    np.testing.assert_array_equal(embeddings, FACES[[0, 2]])
    assert embeddings.dtype == np.float32
    assert face_ids == ("f0", "f2")


def test_a_deleted_person_is_gone_with_all_faces(store: Store) -> None:
    stored = store.add([record("ada", 0), record("bob", 1), record("ada", 2)], MANY)

    deleted = store.delete_person("ada")
    store.purge()

    assert deleted.person_id == "ada"
    assert deleted.rows == (stored[0].row, stored[2].row)
    assert deleted.rows_left == 0
    assert store.counts() == Counts(1, 1)
    for missing in (store.person, store.embeddings_of, store.delete_person):
        with pytest.raises(UnknownPerson, match="no person 'ada'"):
            missing("ada")


def test_a_deleted_face_is_gone_and_its_person_stays(store: Store) -> None:
    (stored,) = store.add([record("ada", 0, name="Ada")], MANY)

    deleted = store.delete_face("f0")

    assert (deleted.person_id, deleted.rows, deleted.rows_left) == ("ada", (stored.row,), 0)
    assert store.person("ada").faces == ()
    assert store.person("ada").name == "Ada"
    assert store.embeddings_of("ada")[0].shape == (0, DIM)
    with pytest.raises(UnknownFace, match="no face 'f0'"):
        store.delete_face("f0")


def test_a_row_is_never_given_to_another_face(open_store: Callable[[], Store]) -> None:
    store = open_store()
    (first,) = store.add([record("ada", 0)], MANY)
    store.delete_person("ada")
    store.purge()

    (second,) = open_store().add([record("bob", 1)], MANY)

    assert second.row > first.row


def test_compacting_changes_nothing_that_can_be_seen(store: Store) -> None:
    store.add([record("ada", 0), record("bob", 1), record("ada", 2)], MANY)
    store.delete_face("f0")
    before = (store.people(10, ""), [batch.rows.tolist() for batch in store.templates()])

    store.compact()

    assert (store.people(10, ""), [batch.rows.tolist() for batch in store.templates()]) == before
    np.testing.assert_array_equal(store.embeddings_of("ada")[0], FACES[[2]])


def test_threads_take_turns(store: Store) -> None:
    def work(number: int) -> int:
        store.add([record(f"p{number % 4}", number)], MANY)
        return len(store.people(10, "")) and len(list(store.templates()))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(64)))
    assert store.counts() == Counts(4, 64)


def test_after_closing_it_refuses_with_a_typed_error(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(ShuttingDown, match="was closed"):
        store.counts()
    with pytest.raises(ShuttingDown, match="was closed"):
        store.add([record("ada", 0)], MANY)
