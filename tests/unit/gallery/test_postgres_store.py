"""What a store in PostgreSQL has and one in a folder has not: many writers, a server that fails."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
import psycopg
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    FileMissing,
    GalleryExists,
    GalleryInvalid,
    GalleryUnavailable,
    NotWritable,
    UnknownPerson,
)
from facenet_res.core.types import Embeddings
from facenet_res.gallery import postgres_commits, postgres_database
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.opening import folder_of, name_of
from facenet_res.gallery.postgres_faults import postgres_faults
from facenet_res.gallery.postgres_place import place_of
from facenet_res.gallery.transaction import Transaction
from facenet_res.gallery.types import Counts, Enrollment
from tests.postgres_server import PostgresServer

DIM = 8


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """Where an empty gallery is."""
    url = postgres.new_url()
    EmbeddingGallery.create(url, model_id="m", embedding_dim=DIM).close()
    return url


@pytest.fixture
def pair(url: str) -> Iterator[tuple[EmbeddingGallery, EmbeddingGallery]]:
    """The gallery as two servers have it."""
    with EmbeddingGallery.open(url) as one, EmbeddingGallery.open(url) as other:
        yield one, other


def sql(url: str, statement: str) -> None:
    """What somebody else does to the database."""
    place = place_of(url)
    with closing(psycopg.connect(**place.parameters, autocommit=True)) as connection:
        connection.execute(f"SET search_path = {place.gallery}")
        connection.execute(statement)


def who(gallery: EmbeddingGallery, face: np.ndarray) -> str:
    (answer,) = gallery.identify(face[None], threshold=0.99)
    return answer.person_id


def test_what_one_writes_the_next_call_of_another_sees(
    pair: tuple[EmbeddingGallery, EmbeddingGallery], faces: Embeddings
) -> None:
    one, other = pair
    one.enroll("ada", faces[0], face_id="f0")
    assert (who(other, faces[0]), other.counts()) == ("ada", Counts(1, 1))

    other.enroll("bob", faces[1], face_id="f1")
    assert who(one, faces[1]) == "bob"
    assert one.verify("bob", faces[1], threshold=0.99).is_match

    other.move_faces(["f1"], "eve")
    assert who(one, faces[1]) == "eve"

    one.delete_person("ada")
    assert who(other, faces[0]) == ""
    # The freed slot is taken again, by whichever of them.
    other.enroll("zoe", faces[2])
    assert (who(one, faces[2]), who(one, faces[0])) == ("zoe", "")
    with pytest.raises(UnknownPerson):
        other.verify("ada", faces[0], threshold=0.5)
    assert one.counts() == other.counts() == Counts(3, 2)


def test_a_request_is_repeated_by_another_server(
    pair: tuple[EmbeddingGallery, EmbeddingGallery], faces: Embeddings
) -> None:
    one, other = pair
    enrollments = [Enrollment(person_id="ada", embedding=faces[0])]
    answer = one.enroll_many(enrollments, request_id="r1")
    assert other.enroll_many(enrollments, request_id="r1") == answer
    assert other.counts() == Counts(1, 1)


def test_a_reader_follows_and_writes_nothing(url: str, faces: Embeddings) -> None:
    with (
        EmbeddingGallery.open(url) as writer,
        EmbeddingGallery.open(url, read_only=True) as reader,
    ):
        writer.enroll("ada", faces[0])
        assert who(reader, faces[0]) == "ada"
        with pytest.raises(NotWritable, match="read only"):
            reader.enroll("bob", faces[1])


def test_a_restart_of_the_server_is_waited_for(postgres: PostgresServer, faces: Embeddings) -> None:
    with EmbeddingGallery.create(postgres.new_url(), model_id="m", embedding_dim=DIM) as gallery:
        gallery.enroll("ada", faces[0])
        postgres.stop()
        postgres.start()
        assert who(gallery, faces[0]) == "ada"
        postgres.kill()
        postgres.start()
        gallery.enroll("bob", faces[1])
        assert gallery.counts() == Counts(2, 2)


def test_a_server_that_stays_away_is_named(
    monkeypatch: pytest.MonkeyPatch, faces: Embeddings
) -> None:
    monkeypatch.setattr(postgres_database, "WAIT_S_MAX", 0.2)
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer())
        gallery = stack.enter_context(
            EmbeddingGallery.create(server.new_url(), model_id="m", embedding_dim=DIM)
        )
        gallery.enroll("ada", faces[0])
        server.stop()
        for use in (
            lambda: gallery.enroll("bob", faces[1]),
            lambda: gallery.identify(faces[:1], threshold=0.5),
            lambda: gallery.person("ada"),
        ):
            with pytest.raises(GalleryUnavailable, match="cannot be reached"):
                use()
        server.start()
        assert gallery.counts() == Counts(1, 1)


class BreakingCommit:
    """Lets the connection break at the first commits, before or after the server makes them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_made: bool, times: int) -> None:
        self.times = times
        execute = psycopg.Connection.execute

        def breaking(connection: Any, query: Any, *values: Any, **options: Any) -> Any:
            if query != "COMMIT" or self.times == 0:
                return execute(connection, query, *values, **options)
            self.times -= 1
            if is_made:
                execute(connection, query)
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(psycopg.Connection, "execute", breaking)


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("times", [1, 2])
def test_a_commit_that_broke_off_is_made_once(
    url: str, faces: Embeddings, monkeypatch: pytest.MonkeyPatch, is_made: bool, times: int
) -> None:
    with EmbeddingGallery.open(url) as gallery:
        gallery.enroll("ada", faces[0], face_id="f0")
        breaking = BreakingCommit(monkeypatch, is_made=is_made, times=times)
        gallery.enroll("bob", faces[1], face_id="f1")
        assert breaking.times == 0
        breaking.times = times
        assert gallery.delete_person("ada").faces == 1
        assert [who(gallery, face) for face in faces[:2]] == ["", "bob"]
        changes = [entry.change for entry in gallery.log()]
    assert changes == ["person.add", "face.add"] * 2 + ["face.delete", "person.delete"]
    with EmbeddingGallery.open(url) as again:
        assert again.counts() == Counts(1, 1)


@pytest.mark.parametrize("is_made", [True, False])
def test_a_commit_whose_outcome_stays_unknown_is_said_to_be(
    url: str, faces: Embeddings, monkeypatch: pytest.MonkeyPatch, is_made: bool
) -> None:
    with EmbeddingGallery.open(url) as gallery:
        breaking = BreakingCommit(monkeypatch, is_made=is_made, times=1000)
        with pytest.raises(GalleryUnavailable, match="may have been made or not; repeat it"):
            gallery.enroll("ada", faces[0], face_id="f0")
        breaking.times = 0
        gallery.enroll("ada", faces[0], face_id="f0")
        assert gallery.counts() == Counts(1, 1)
        assert [entry.change for entry in gallery.log()] == ["person.add", "face.add"]


def test_a_server_that_goes_away_in_mid_change_is_waited_for(
    url: str, faces: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddingGallery.open(url) as gallery:
        changed = []

        def change(transaction: Transaction) -> str:
            changed.append(transaction.find_person("ada"))
            if len(changed) == 1:
                ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                sql(url, ended + "pg_backend_pid() AND application_name = 'facenet-res'")
            return str(transaction.find_person("ada"))

        assert gallery.store.change(change) == "None"
        assert changed == [None, None]
        monkeypatch.setattr(postgres_commits, "ATTEMPTS_MAX", 1)
        changed.clear()
        with pytest.raises(GalleryUnavailable):
            gallery.store.change(change)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE faces SET person_row = 2 WHERE face_id = 'f0'",
        "UPDATE persons SET name = 'Eve' WHERE person_id = 'ada'",
        "UPDATE vectors SET content = set_byte(content, 5, 255 - get_byte(content, 5)) "
        "WHERE slot = 0",
        "DELETE FROM vectors WHERE slot = 1",
        "DELETE FROM faces WHERE face_id = 'f0'",
        "DELETE FROM log WHERE position = 4",
        "UPDATE progress SET position = 3",
    ],
)
def test_damage_in_the_database_is_found(url: str, faces: Embeddings, damage: str) -> None:
    with EmbeddingGallery.open(url) as gallery:
        for number, name in enumerate(("ada", "bob")):
            gallery.enroll(name, faces[number], face_id=f"f{number}")
    sql(url, damage)
    with pytest.raises(GalleryInvalid):
        EmbeddingGallery.open(url)


def test_an_older_copy_of_the_database_is_noticed(url: str, faces: Embeddings) -> None:
    with EmbeddingGallery.open(url) as gallery, EmbeddingGallery.open(url) as other:
        gallery.enroll("ada", faces[0])
        other.enroll("bob", faces[1])
        assert gallery.counts() == Counts(2, 2)
        # As after a fail-over to a copy that lacked the last change and took others since.
        sql(url, "UPDATE log SET chain = repeat('0', 64) WHERE position = 4")
        sql(url, "UPDATE progress SET position = 5")
        with pytest.raises(GalleryInvalid, match="older copy"):
            gallery.identify(faces[:1], threshold=0.5)
        sql(url, "UPDATE progress SET position = 3")
        with pytest.raises(GalleryInvalid, match="older copy"):
            gallery.identify(faces[:1], threshold=0.5)


def test_what_is_not_there_or_is_there_already(postgres: PostgresServer, url: str) -> None:
    with pytest.raises(FileMissing, match="there is no gallery at postgresql:///postgres"):
        EmbeddingGallery.open(postgres.new_url())
    with pytest.raises(GalleryExists):
        EmbeddingGallery.create(url, model_id="m", embedding_dim=DIM)
    with pytest.raises(GalleryUnavailable, match="does not exist"):
        EmbeddingGallery.open(url.replace("/postgres?", "/absent?"))
    sql(url, "COMMENT ON TABLE meta IS 'facenet-res gallery, format 1'")
    with pytest.raises(GalleryInvalid, match="format 1"):
        EmbeddingGallery.open(url)


def test_a_wrong_url_is_refused_without_its_password() -> None:
    with pytest.raises(ArgumentInvalid, match="small letters"):
        place_of("postgresql://host/db?gallery=Staff; DROP")
    with pytest.raises(ArgumentInvalid) as refused:
        place_of("postgresql://ada:secret@host/db?nonsense=1")
    assert "secret" not in str(refused.value)
    place = place_of("postgresql://ada:secret@host:5433/db?gallery=staff&sslmode=require")
    assert str(place) == "postgresql://host:5433/db?gallery=staff"
    assert "secret" not in repr(place)
    assert place.parameters["password"] == "secret"  # noqa: S105
    with pytest.raises(GalleryUnavailable, match="cannot be reached") as absent:
        EmbeddingGallery.open("postgresql://ada:secret@127.0.0.1:1/db")
    assert "secret" not in str(absent.value)


def test_what_a_database_has_means_of_its_own_for_is_refused() -> None:
    url = "postgresql://ada:secret@host/db?gallery=staff"
    with pytest.raises(ArgumentInvalid, match=r"^postgresql://host/db"):
        folder_of(url, "back it up")
    assert (name_of(url), name_of("galleries/staff")) == ("staff", "staff")


def test_a_text_that_is_none_is_refused_and_a_bug_stays_one() -> None:
    place = place_of("postgresql://host/db")
    with pytest.raises(ArgumentInvalid, match="cannot hold"), postgres_faults(place):
        "\ud800".encode()
    with pytest.raises(psycopg.errors.SyntaxError), postgres_faults(place):
        raise psycopg.errors.SyntaxError


def test_a_compacted_gallery_is_the_same(
    pair: tuple[EmbeddingGallery, EmbeddingGallery], faces: Embeddings
) -> None:
    one, other = pair
    one.enroll("ada", faces[0])
    one.enroll("bob", faces[1])
    one.delete_person("ada")
    one.compact()
    assert (who(other, faces[1]), other.counts()) == ("bob", Counts(1, 1))
