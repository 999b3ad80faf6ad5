"""What the server is asked, one question after another, and what the images say."""

import time
from collections.abc import Callable
from typing import TypeVar

from experiments.demo.people import Cast, Person, Picture
from experiments.demo.table import Table
from facenet_res.client.client import FacenetClient
from facenet_res.client.gallery import RemoteGallery
from facenet_res.core.errors import InputError, StateError, UnknownPerson

Answer = TypeVar("Answer")


def tell(cast: Cast, client: FacenetClient, table: Table) -> None:
    """Enrols, identifies, verifies and deletes."""
    gallery = client.open_gallery()
    first, other = cast.known[0], cast.other
    threshold = next(one for one in client.info().thresholds if one.fmr == client.info().fmr)
    table.section(
        f"1:1 at FMR {threshold.fmr:g}, threshold {threshold.similarity:.2f}; 1:N at FPIR 0.01"
    )
    for person in cast.known:
        _enroll(gallery, person, table)
    for person in cast.known:
        _identify(gallery, person.probe, person.person_id, table)
    _identify(gallery, other.probe, "", table)
    _compare(client, first.enrolled[0], first.probe, table, is_same=True)
    _compare(client, first.probe, other.probe, table, is_same=False)
    _verify(gallery, first, first.probe, table, is_same=True)
    _verify(gallery, first, other.probe, table, is_same=False)
    _enroll(gallery, other, table)
    _identify(gallery, other.probe, other.person_id, table)
    _delete(gallery, other, table)
    _identify(gallery, other.probe, "", table)


def _enroll(gallery: RemoteGallery, person: Person, table: Table) -> None:
    """Image by image, so that one without a face does not spare the others."""

    def enroll() -> int:
        stored = 0
        for picture in person.enrolled:
            try:
                gallery.enroll(
                    person.person_id, picture.data, display_name=person.name, largest=True
                )
                stored += 1
            except InputError:
                continue
        return stored

    stored, ms = _timed(enroll)
    count = len(person.enrolled)
    table.decision(
        "enrol", person.name, f"{stored} of {count} faces", is_right=stored == count, ms=ms
    )


def _identify(gallery: RemoteGallery, picture: Picture, expected: str, table: Table) -> None:
    found, ms = _timed(lambda: gallery.identify(picture.data, faces_max=1))
    if not found:
        table.decision("identify", picture.label, "no face detected", is_right=False, ms=ms)
        return
    answer = found[0]
    table.decision(
        "identify",
        picture.label,
        answer.person_id or "unknown",
        is_right=answer.person_id == expected,
        score=answer.score,
        ms=ms,
    )


def _compare(
    client: FacenetClient, probe: Picture, reference: Picture, table: Table, *, is_same: bool
) -> None:
    question = f"{probe.label} | {reference.label}"
    try:
        answer, ms = _timed(lambda: client.verify(probe.data, reference.data, largest=True))
    except InputError as error:
        table.decision("verify", question, error.reason, is_right=False)
        return
    said = "same person" if answer.is_match else "different people"
    is_right = answer.is_match == is_same
    table.decision("verify", question, said, is_right=is_right, score=answer.score, ms=ms)


def _verify(
    gallery: RemoteGallery, person: Person, picture: Picture, table: Table, *, is_same: bool
) -> None:
    question = f"{person.person_id}? {picture.label}"
    try:
        answer, ms = _timed(lambda: gallery.verify(person.person_id, picture.data, largest=True))
    except (InputError, StateError) as error:
        table.decision("verify", question, error.reason, is_right=False)
        return
    said = "yes" if answer.is_match else "no"
    is_right = answer.is_match == is_same
    table.decision("verify", question, said, is_right=is_right, score=answer.score, ms=ms)


def _delete(gallery: RemoteGallery, person: Person, table: Table) -> None:
    try:
        receipt, ms = _timed(lambda: gallery.delete_person(person.person_id))
    except UnknownPerson as error:
        table.decision("delete", person.name, error.reason, is_right=False)
        return
    said = f"{receipt.faces} faces deleted"
    table.fact("delete", person.name, said, is_right=receipt.rows_left == 0, ms=ms)
    try:
        gallery.person(person.person_id)
        table.fact("look up", f"{person.name}, after it", "still there", is_right=False)
    except UnknownPerson:
        table.fact("look up", f"{person.name}, after it", "no such person", is_right=True)


def _timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    began_s = time.perf_counter()
    answer = call()
    return answer, 1e3 * (time.perf_counter() - began_s)
