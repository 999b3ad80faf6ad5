"""Every answer is judged by what should have been said."""

from types import SimpleNamespace
from typing import Any, cast

from experiments.demo.people import Cast, Person, Picture
from experiments.demo.story import tell
from facenet_res.client.client import FacenetClient
from facenet_res.core.errors import UnknownPerson
from facenet_res.core.types import Candidate, Identification, Verification


def someone(name: str) -> Person:
    pictures = tuple(
        Picture(f"{name}/{number}", f"{name} {number}".encode()) for number in range(3)
    )
    return Person(name, name.title(), pictures[:2], pictures[2], pictures[0])


PLAY = Cast(known=(someone("ann"), someone("bob")), stranger=someone("cid"), others=(), remark="")


class NamesAsFaces:
    """A server that reads the person from the image's bytes; a test may blind it."""

    def __init__(self, *, knows_everybody: bool = False, forgets: bool = True) -> None:
        self.people: dict[str, int] = {}
        self._knows_everybody = knows_everybody
        self._forgets = forgets

    def enroll(self, person_id: str, _: bytes, **__: Any) -> None:
        self.people[person_id] = self.people.get(person_id, 0) + 1

    def person(self, person_id: str) -> Any:
        if person_id not in self.people:
            raise UnknownPerson(person_id)
        return SimpleNamespace(face_count=self.people[person_id])

    def identify(self, image: bytes, **_: Any) -> list[Any]:
        who = image.decode().split()[0]
        similarity = 0.9 if who in self.people or self._knows_everybody else 0.1
        closest = who if who in self.people else next(iter(self.people))
        said = Identification(
            (Candidate(closest, "f", similarity),), 0.5, closest if similarity >= 0.5 else ""
        )
        return [said]

    def open_gallery(self) -> "NamesAsFaces":
        return self

    def verify(self, first: bytes | str, second: bytes, **_: Any) -> Verification:
        first = first.encode() if isinstance(first, str) else first
        is_same = first.split()[0] == second.split()[0]
        return Verification(0.9 if is_same else 0.1, 0.5)

    def delete_person(self, person_id: str) -> Any:
        faces = self.people[person_id]
        if self._forgets:
            del self.people[person_id]
        return SimpleNamespace(faces=faces, rows_left=0)


def told(server: NamesAsFaces) -> list[tuple[str, bool]]:
    rows = tell(PLAY, cast("FacenetClient", server))
    assert all(row.ms is not None and row.ms >= 0 for row in rows)
    return [(row.job, row.is_expected) for row in rows]


def test_a_server_that_knows_its_people_is_as_expected() -> None:
    rows = told(NamesAsFaces())
    assert all(is_expected for _, is_expected in rows)
    assert {job for job, _ in rows} == {"enrol", "identify", "verify", "delete", "look up"}


def test_a_stranger_who_is_named_is_not_as_expected() -> None:
    rows = told(NamesAsFaces(knows_everybody=True))
    # Before the enrolment, and after the deletion.
    assert [row for row in rows if not row[1]] == [("identify", False)] * 2


def test_a_person_who_is_still_there_after_the_deletion_is_not_as_expected() -> None:
    rows = told(NamesAsFaces(forgets=False))
    assert [row for row in rows if not row[1]] == [("look up", False), ("identify", False)]
