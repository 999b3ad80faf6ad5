"""Who is enrolled, who is asked for, and how answers are counted."""

import json
from typing import Self

import pytest

from facenet_res.core.errors import ArgumentInvalid, DataInvalid, NoFace, UnknownPerson
from facenet_res.core.types import Candidate, Identification
from facenet_res.evaluation.photos import PhotosConfig, judge_photos, plan_photos
from facenet_res.evaluation.report import photos_rows, to_json

CONFIG = PhotosConfig(people_enrolled=3, people_unknown=2, photos_enrolled=2)
NAMES = tuple(f"set/p{person}/{photo}.jpg" for person in range(6) for photo in range(4))


class NamesAsImages:
    """A source whose images are their own names."""

    names = NAMES

    def read(self, name: str) -> bytes:
        return name.encode()

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Scripted:
    """Knows everybody it enrolled, but for what a test tells it to get wrong."""

    def __init__(self, said: dict[str, tuple[str, float]] | None = None) -> None:
        self.enrolled: list[tuple[str, str]] = []
        self._said = said or {}

    def enroll(self, person: str, image: bytes) -> None:
        if image.decode() in self._said:
            raise NoFace("no face")
        self.enrolled.append((person, image.decode()))

    def identify(self, image: bytes) -> Identification:
        name = image.decode()
        person = name.split("/")[1]
        known = {person for person, _ in self.enrolled}
        closest, similarity = self._said.get(
            name, (person, 0.9) if person in known else ("p0", 0.1)
        )
        if not closest:
            raise NoFace("no face")
        match = Candidate(closest, "f", similarity)
        return Identification((match,), 0.5, closest if similarity >= 0.5 else "")


def test_the_plan_splits_people_and_photographs_without_overlap() -> None:
    plan = plan_photos(NAMES, CONFIG)

    assert [photo.name for photo in plan.enrolled[:3]] == [
        "set/p0/0.jpg",
        "set/p0/1.jpg",
        "set/p1/0.jpg",
    ]
    assert {photo.person for photo in plan.known} == {"p0", "p1", "p2"}
    assert {photo.person for photo in plan.unknown} == {"p3", "p4"}
    assert len(plan.known) == 6
    assert len(plan.unknown) == 8
    assert not {photo.name for photo in plan.enrolled} & {photo.name for photo in plan.known}


def test_a_perfect_identifier_is_perfect() -> None:
    told: list[int] = []
    report = judge_photos(plan_photos(NAMES, CONFIG), NamesAsImages(), Scripted(), told.append)

    assert (report.rank_1, report.named_rightly, report.named_wrongly) == (1.0, 6, 0)
    assert (report.false_accepts, report.without_face) == (0, 0)
    assert report.open_set.true_positive_rate == 1.0
    assert told == list(range(1, 21))


def test_each_kind_of_mistake_is_counted_as_what_it_is() -> None:
    identifier = Scripted(
        {
            "set/p0/2.jpg": ("p1", 0.8),  # a wrong name
            "set/p1/2.jpg": ("p1", 0.3),  # right, but below the threshold
            "set/p2/2.jpg": ("", 0.0),  # no face
            "set/p3/0.jpg": ("p2", 0.6),  # a non-enrolled person who was named
            "set/p0/0.jpg": ("", 0.0),  # cannot be enrolled
        }
    )

    report = judge_photos(plan_photos(NAMES, CONFIG), NamesAsImages(), identifier)

    assert report.enrolments_refused == ("set/p0/0.jpg",)
    assert (report.people_enrolled, report.faces_enrolled) == (3, 5)
    assert report.rank_1 == pytest.approx(4 / 6)
    assert (report.named_rightly, report.named_wrongly) == (3, 1)
    assert (report.false_accepts, report.unknown) == (1, 8)
    assert report.without_face == 1
    # None of eight may pass at 1 %: the threshold lies above 0.6, and 3 of 6 remain.
    assert report.open_set.threshold == pytest.approx(0.6, abs=1e-9)
    assert report.open_set.true_positive_rate == pytest.approx(3 / 6)
    rows = dict(photos_rows(report))
    assert rows["false matches of people never enrolled"].startswith("1 of 8 (12.50 %)")
    assert json.loads(to_json(report))["answers"][0]["closest"] == "p1"


def test_too_few_people_or_photographs_are_refused() -> None:
    with pytest.raises(DataInvalid, match="7 people are needed"):
        plan_photos(NAMES, PhotosConfig(people_enrolled=5, people_unknown=2, photos_enrolled=1))
    with pytest.raises(DataInvalid, match="p0 has 4 images"):
        plan_photos(NAMES, PhotosConfig(people_enrolled=1, people_unknown=1, photos_enrolled=4))
    with pytest.raises(ArgumentInvalid):
        PhotosConfig(people_unknown=0)


def test_nothing_to_enrol_is_an_error() -> None:
    refuses_all = Scripted({name: ("", 0.0) for name in NAMES})
    with pytest.raises(DataInvalid, match="none of the 6"):
        judge_photos(plan_photos(NAMES, CONFIG), NamesAsImages(), refuses_all)


def test_what_is_no_fault_of_a_photograph_is_not_counted_away() -> None:
    class Broken(Scripted):
        def identify(self, image: bytes) -> Identification:
            raise UnknownPerson("the gallery is gone")

    with pytest.raises(UnknownPerson):
        judge_photos(plan_photos(NAMES, CONFIG), NamesAsImages(), Broken())
