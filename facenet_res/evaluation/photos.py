"""Enrol some people from a few images each, then ask who is on the others.

The first people by name are enrolled with the first of their images; the rest of their
images should be answered with their names, and every image of the people who were not
enrolled with "unknown". An image with several faces is taken to show its largest.

Whoever can enrol and identify can be judged: the library, or a server at the other end of a wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from facenet_res.core.errors import ArgumentInvalid, DataInvalid, InputError
from facenet_res.core.types import Identification
from facenet_res.evaluation.identification import OpenSetPoint, open_set_point
from facenet_res.evaluation.image_source import ImageSource, people_of
from facenet_res.evaluation.intervals import Interval, clopper_pearson

FALSE_POSITIVE_RATE = 0.01
NO_SIMILARITY = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosConfig:
    """Who is enrolled, and from what.

    Attributes:
        people_enrolled: how many people are enrolled.
        people_unknown: how many others are asked for.
        photos_enrolled: images each is enrolled with.
    """

    people_enrolled: int = 30
    people_unknown: int = 10
    photos_enrolled: int = 3

    def __post_init__(self) -> None:
        if min(self.people_enrolled, self.people_unknown, self.photos_enrolled) < 1:
            raise ArgumentInvalid(f"each number must be at least 1, got {self}")


@dataclass(frozen=True, slots=True)
class Photo:
    """An image of a person."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class PhotosPlan:
    """What is to be done with each image.

    Attributes:
        enrolled: to enrol.
        known: to ask for; they show people who were enrolled.
        unknown: to ask for; they show people who were not.
    """

    enrolled: tuple[Photo, ...]
    known: tuple[Photo, ...]
    unknown: tuple[Photo, ...]


class Identifier(Protocol):
    """A gallery with a network before it. An image is a file's bytes; its largest face counts."""

    def enroll(self, person: str, image: bytes) -> None:
        """Adds the face to the person; raises NoFace where there is none."""
        ...

    def identify(self, image: bytes) -> Identification:
        """Says who it is; raises NoFace where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one image.

    Attributes:
        photo: its name.
        person: whom it shows.
        is_enrolled: whether that person was enrolled.
        closest: the closest person of the gallery; "" where no face was found.
        named: the person it was identified as; "" for unknown.
        similarity: to the closest person; -1 where no face was found.
        threshold: the least similarity that was answered with a name.
        reason: why the image could not be used, "" where it could.
    """

    photo: str
    person: str
    is_enrolled: bool
    closest: str
    named: str
    similarity: float
    threshold: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PhotosReport:
    """How well people were recognised. An image that could not be used counts as a miss.

    Attributes:
        people_enrolled: people with at least one enrolled face.
        faces_enrolled: images that were enrolled.
        enrolments_refused: names of the images that could not be.
        threshold: the least similarity answered with a name.
        known: images asked for that show people enrolled.
        rank_1: share of these whose closest person was the right one.
        rank_1_interval: its 95 % Clopper-Pearson interval.
        named_rightly: how many were answered with the right name at the threshold.
        named_wrongly: how many with a wrong name.
        unknown: images asked for that show people never enrolled.
        false_accepts: how many of these were answered with a name.
        false_accepts_interval: 95 % interval of their share.
        open_set: the best that any threshold gives with 1 % of the unknown named.
        without_face: images asked for that could not be used.
        answers: each of them.
    """

    people_enrolled: int
    faces_enrolled: int
    enrolments_refused: tuple[str, ...]
    threshold: float
    known: int
    rank_1: float
    rank_1_interval: Interval
    named_rightly: int
    named_wrongly: int
    unknown: int
    false_accepts: int
    false_accepts_interval: Interval
    open_set: OpenSetPoint
    without_face: int
    answers: tuple[Answer, ...]


def plan_photos(names: tuple[str, ...], config: PhotosConfig | None = None) -> PhotosPlan:
    """Chooses people and images, always the same ones of the same names.

    Args:
        names: "PERSON/FILE", as an image source lists them.
        config: how many of what.

    Raises:
        DataInvalid: too few people, or an enrolled one has no image left to ask for.
    """
    config = config or PhotosConfig()
    people = people_of(names)
    needed = config.people_enrolled + config.people_unknown
    if len(people) < needed:
        raise DataInvalid(f"{needed} people are needed, one folder each; got {len(people)}")
    enrolled: list[Photo] = []
    known: list[Photo] = []
    unknown: list[Photo] = []
    for index, (person, photos) in enumerate(list(people.items())[:needed]):
        pictures = [Photo(person, photo) for photo in photos]
        if index >= config.people_enrolled:
            unknown += pictures
            continue
        if len(pictures) <= config.photos_enrolled:
            raise DataInvalid(
                f"{person} has {len(photos)} images; more than {config.photos_enrolled} are needed"
            )
        enrolled += pictures[: config.photos_enrolled]
        known += pictures[config.photos_enrolled :]
    return PhotosPlan(tuple(enrolled), tuple(known), tuple(unknown))


def judge_photos(
    plan: PhotosPlan,
    source: ImageSource,
    identifier: Identifier,
    on_progress: Callable[[int], None] | None = None,
) -> PhotosReport:
    """Enrols, asks, counts.

    Args:
        plan: from `plan_photos`.
        source: where the images are.
        identifier: whom to judge, with an empty gallery.
        on_progress: told the number of images done.

    Raises:
        DataInvalid: not one image could be enrolled.
        StateError, Unavailable: whatever the identifier raises beyond a bad image.
    """
    refused: list[str] = []
    seen: set[str] = set()
    done = 0
    for photo in plan.enrolled:
        try:
            identifier.enroll(photo.person, source.read(photo.name))
            seen.add(photo.person)
        except InputError:
            refused.append(photo.name)
        done += 1
        _tell(on_progress, done)
    if not seen:
        raise DataInvalid(f"none of the {len(plan.enrolled)} images could be enrolled")
    answers: list[Answer] = []
    for is_enrolled, photos in ((True, plan.known), (False, plan.unknown)):
        for photo in photos:
            answers.append(_ask(photo, source, identifier, is_enrolled))
            done += 1
            _tell(on_progress, done)
    return _counted(plan, refused, len(seen), answers)


def _ask(photo: Photo, source: ImageSource, identifier: Identifier, is_enrolled: bool) -> Answer:
    try:
        said = identifier.identify(source.read(photo.name))
    except InputError as error:
        nothing = (photo.name, photo.person, is_enrolled, "", "", NO_SIMILARITY, float("nan"))
        return Answer(*nothing, reason=error.reason)
    best = said.candidates[0]
    return Answer(
        photo=photo.name,
        person=photo.person,
        is_enrolled=is_enrolled,
        closest=best.person_id,
        named=said.person_id,
        similarity=best.score,
        threshold=said.threshold,
    )


def _counted(
    plan: PhotosPlan, refused: list[str], people: int, answers: list[Answer]
) -> PhotosReport:
    known = [answer for answer in answers if answer.is_enrolled]
    unknown = [answer for answer in answers if not answer.is_enrolled]
    closest_right = sum(answer.closest == answer.person for answer in known)
    named_rightly = sum(answer.named == answer.person for answer in known)
    named = sum(answer.named != "" for answer in known)
    false_accepts = sum(answer.named != "" for answer in unknown)
    usable = [answer for answer in answers if not answer.reason]
    return PhotosReport(
        people_enrolled=people,
        faces_enrolled=len(plan.enrolled) - len(refused),
        enrolments_refused=tuple(refused),
        threshold=usable[0].threshold if usable else float("nan"),
        known=len(known),
        rank_1=closest_right / len(known),
        rank_1_interval=clopper_pearson(closest_right, len(known)),
        named_rightly=named_rightly,
        named_wrongly=named - named_rightly,
        unknown=len(unknown),
        false_accepts=false_accepts,
        false_accepts_interval=clopper_pearson(false_accepts, len(unknown)),
        open_set=open_set_point(
            [answer.similarity for answer in answers],
            [answer.closest == answer.person for answer in answers],
            [answer.is_enrolled for answer in answers],
            FALSE_POSITIVE_RATE,
        ),
        without_face=len(answers) - len(usable),
        answers=tuple(answers),
    )


def _tell(on_progress: Callable[[int], None] | None, done: int) -> None:
    if on_progress is not None:
        on_progress(done)
