"""A damaged gallery is refused or answers rightly: never a wrong name, never fewer faces."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import FacenetError, GalleryInvalid
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.records import FaceRow, checksum_of
from facenet_res.gallery.types import Enrollment, Person

DIM = 16
PEOPLE = 12
FACES = unit_norm(np.random.default_rng(0).normal(size=(PEOPLE * 2, DIM)))


def make(path: Path) -> list[Person]:
    """A gallery with something of everything; who is in it."""
    with EmbeddingGallery.create(path, model_id="m", embedding_dim=DIM) as gallery:
        gallery.enroll_many(
            [
                Enrollment(
                    person_id=f"p{n % PEOPLE}",
                    embedding=face,
                    face_id=f"f{n}",
                    name=f"Name {n % PEOPLE}",
                    metadata={"n": str(n % PEOPLE)},
                )
                for n, face in enumerate(FACES)
            ]
        )
        gallery.delete_person("p0")
        return gallery.people()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Person]]:
    """A gallery that was closed cleanly."""
    path = tmp_path_factory.mktemp("whole") / "gallery"
    return path, make(path)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Person]]:
    """A gallery as a kill leaves it: everything is in the write-ahead log."""
    path = tmp_path_factory.mktemp("killed")
    with EmbeddingGallery.create(path / "open", model_id="m", embedding_dim=DIM) as gallery:
        for n, face in enumerate(FACES):
            gallery.enroll(f"p{n % PEOPLE}", face, face_id=f"f{n}")
        shutil.copytree(path / "open", path / "gallery")
        return path / "gallery", gallery.people()


def is_right_or_refused(path: Path, people: list[Person]) -> bool:
    """Whether everything that can be asked is answered rightly; False where it is refused."""
    owners = {face.face_id: person.person_id for person in people for face in person.faces}
    try:
        with EmbeddingGallery.open(path) as gallery:
            listed = gallery.people()
            answers = gallery.identify(FACES, threshold=0.9999)
            found = [gallery.person(person.person_id) for person in people]
    except FacenetError:
        return False
    assert listed == people
    assert found == people
    for number, answer in enumerate(answers):
        assert answer.person_id == owners.get(f"f{number}", ""), number
    return True


def flip(file: Path, bit: int) -> None:
    content = bytearray(file.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(content)


def copied(source: Path, tmp_path: Path, number: int = 0) -> Path:
    return Path(shutil.copytree(source, tmp_path / f"copy-{number}"))


@pytest.mark.parametrize(
    "name", ["gallery.db", "gallery.vectors", "gallery.head", "gallery.snapshot"]
)
@pytest.mark.parametrize("with_snapshot", [True, False])
def test_no_flipped_bit_makes_a_wrong_answer(
    whole: tuple[Path, list[Person]], tmp_path: Path, name: str, with_snapshot: bool
) -> None:
    path, people = whole
    choose = random.Random(name)  # noqa: S311
    for number in range(25):
        damaged = copied(path, tmp_path, number)
        if not with_snapshot:
            (damaged / "gallery.snapshot").unlink()
        file = damaged / name
        if file.exists():
            flip(file, choose.randrange(file.stat().st_size * 8))
        is_right_or_refused(damaged, people)


@pytest.mark.parametrize("name", ["gallery.db", "gallery.vectors", "gallery.head"])
def test_no_truncated_file_makes_a_wrong_answer(
    whole: tuple[Path, list[Person]], tmp_path: Path, name: str
) -> None:
    path, people = whole
    for number, share in enumerate([0.0, 0.1, 0.5, 0.9]):
        damaged = copied(path, tmp_path, number)
        file = damaged / name
        size = int(file.stat().st_size * share)
        with file.open("rb+") as opened:
            opened.truncate(size)
        is_right_or_refused(damaged, people)


@pytest.mark.parametrize("name", ["gallery.db", "gallery.vectors", "gallery.head"])
def test_a_missing_file_is_refused(
    whole: tuple[Path, list[Person]], tmp_path: Path, name: str
) -> None:
    damaged = copied(whole[0], tmp_path)
    (damaged / name).unlink()
    assert not is_right_or_refused(damaged, whole[1])


def test_files_of_another_time_are_refused(
    whole: tuple[Path, list[Person]], tmp_path: Path
) -> None:
    later = copied(whole[0], tmp_path)
    with EmbeddingGallery.open(later) as gallery:
        gallery.enroll("later", FACES[0], face_id="f0")
        people = gallery.people()
    for number, names in enumerate(
        [
            ["gallery.db"],
            ["gallery.vectors"],
            ["gallery.snapshot"],
            ["gallery.db", "gallery.snapshot"],
            ["gallery.db", "gallery.vectors", "gallery.snapshot"],
        ]
    ):
        mixed = copied(later, tmp_path, number + 1)
        for name in names:
            shutil.copy(whole[0] / name, mixed / name)
        is_right = is_right_or_refused(mixed, people)
        assert is_right == (names == ["gallery.snapshot"])


def test_a_deleted_log_is_noticed(killed: tuple[Path, list[Person]], tmp_path: Path) -> None:
    assert is_right_or_refused(copied(killed[0], tmp_path), killed[1])
    damaged = copied(killed[0], tmp_path, 1)
    (damaged / "gallery.db-wal").unlink()
    with pytest.raises(GalleryInvalid, match="acknowledged changes of the gallery are missing"):
        EmbeddingGallery.open(damaged)
    with pytest.raises(GalleryInvalid, match="acknowledged changes of the gallery are missing"):
        EmbeddingGallery.open(damaged, read_only=True)


def test_no_flipped_bit_of_the_log_loses_a_face(
    killed: tuple[Path, list[Person]], tmp_path: Path
) -> None:
    path, people = killed
    bits = (path / "gallery.db-wal").stat().st_size * 8
    choose = random.Random(0)  # noqa: S311
    for number in range(25):
        damaged = copied(path, tmp_path, number)
        flip(damaged / "gallery.db-wal", choose.randrange(bits))
        is_right_or_refused(damaged, people)


def rewrite(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    connection = sqlite3.connect(path / "gallery.db")
    with connection:
        change(connection)
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE faces SET person_row = (SELECT person_row FROM persons WHERE person_id = 'p2') "
        "WHERE face_id = 'f1'",
        "UPDATE faces SET slot = slot + 1 WHERE face_id = 'f1'",
        "UPDATE faces SET source = 'x' WHERE face_id = 'f1'",
        "UPDATE faces SET vector_sum = vector_sum + 1 WHERE face_id = 'f1'",
        "UPDATE persons SET name = 'x' WHERE person_id = 'p1'",
        "UPDATE persons SET metadata = '{\"n\":\"7\"}' WHERE person_id = 'p1'",
        "UPDATE persons SET expires_unix_s = 1e12 WHERE person_id = 'p1'",
        "DELETE FROM faces WHERE face_id = 'f1'",
        "DELETE FROM log WHERE position = (SELECT MAX(position) FROM log)",
        "UPDATE progress SET next_face_row = 1",
        "UPDATE meta SET model_id = 'other'",
        "DELETE FROM meta",
        "DELETE FROM progress",
    ],
)
@pytest.mark.parametrize("is_read_only", [False, True])
def test_a_changed_row_is_noticed_on_opening(
    whole: tuple[Path, list[Person]], tmp_path: Path, damage: str, is_read_only: bool
) -> None:
    damaged = copied(whole[0], tmp_path)
    rewrite(damaged, lambda connection: connection.execute(damage))
    with pytest.raises(GalleryInvalid):
        EmbeddingGallery.open(damaged, read_only=is_read_only)


def test_two_rows_that_changed_places_are_noticed(
    whole: tuple[Path, list[Person]], tmp_path: Path
) -> None:
    damaged = copied(whole[0], tmp_path)

    def swap(connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT * FROM faces WHERE face_id IN ('f1', 'f2') ORDER BY face_id"
        ).fetchall()
        connection.execute("DELETE FROM faces WHERE face_id IN ('f1', 'f2')")
        for row, other in zip(rows, reversed(rows), strict=True):
            moved = (other[0], *row[1:])
            connection.execute(f"INSERT INTO faces VALUES ({', '.join('?' * 12)})", moved)  # noqa: S608

    rewrite(damaged, swap)
    with pytest.raises(GalleryInvalid, match="checksum mismatch"):
        EmbeddingGallery.open(damaged)


def test_a_row_of_an_earlier_time_is_noticed(
    whole: tuple[Path, list[Person]], tmp_path: Path
) -> None:
    damaged = copied(whole[0], tmp_path)

    def revert(connection: sqlite3.Connection) -> None:
        columns = connection.execute("SELECT * FROM faces WHERE face_id = 'f1'").fetchone()
        row = FaceRow(*columns[:-1])._replace(source="as it was once")
        connection.execute(
            "UPDATE faces SET source = ?, checksum = ? WHERE face_id = 'f1'",
            (row.source, checksum_of(row)),
        )

    rewrite(damaged, revert)
    with pytest.raises(GalleryInvalid, match="rows are missing, or of another time"):
        EmbeddingGallery.open(damaged)


def test_damage_while_it_is_open_is_noticed_by_the_search_that_meets_it(tmp_path: Path) -> None:
    make(tmp_path / "gallery")
    with EmbeddingGallery.open(tmp_path / "gallery") as gallery:
        (place,) = np.flatnonzero((gallery.store.vectors == FACES[3]).all(axis=1))
        with (tmp_path / "gallery" / "gallery.vectors").open("rb+") as file:
            file.seek(int(place) * DIM * 4)
            file.write(np.float32(0.001).tobytes())
        with pytest.raises(GalleryInvalid, match="embedding of face 'f3' is damaged"):
            gallery.identify(FACES[3:4], threshold=0.5)


def test_an_old_format_is_named_with_the_remedy(
    whole: tuple[Path, list[Person]], tmp_path: Path
) -> None:
    damaged = copied(whole[0], tmp_path)
    rewrite(damaged, lambda connection: connection.execute("PRAGMA user_version = 1"))
    with pytest.raises(GalleryInvalid, match="has format 1, this version of facenet-res reads 3"):
        EmbeddingGallery.open(damaged)
