"""What is asked of the server, one question after another, and what should be said."""

import time
from collections.abc import Callable
from typing import TypeVar

from experiments.demo.people import Cast, Person, Picture
from experiments.demo.table import Row
from facenet_res.client.client import FacenetClient
from facenet_res.client.gallery import RemoteGallery
from facenet_res.core.errors import NoFace, UnknownPerson
from facenet_res.core.types import Identification

Answer = TypeVar("Answer")


def tell(cast: Cast, client: FacenetClient) -> list[Row]:
    """Enrols, verifies, identifies and deletes; a row for each question."""
    gallery = client.open_gallery()
    first, stranger = cast.known[0], cast.stranger
    rows = [_enroll(gallery, person) for person in cast.known]
    rows += [_identify(gallery, person.asked, expected=person.person_id) for person in cast.known]
    rows.append(_identify(gallery, stranger.asked, expected=""))
    rows.append(_compare(client, first.enrolled[0], first.asked, is_same=True))
    rows.append(_compare(client, first.asked, stranger.asked, is_same=False))
    rows.append(_verify(gallery, first.person_id, first.asked, is_same=True))
    rows.append(_verify(gallery, first.person_id, stranger.asked, is_same=False))
    rows.append(_enroll(gallery, stranger))
    rows.append(_identify(gallery, stranger.asked, expected=stranger.person_id))
    rows += _delete(gallery, stranger)
    rows.append(_identify(gallery, stranger.asked, expected=""))
    return rows


def _enroll(gallery: RemoteGallery, person: Person) -> Row:
    def enroll() -> int:
        for picture in person.enrolled:
            gallery.enroll(person.person_id, picture.data, display_name=person.name, largest=True)
        return gallery.person(person.person_id).face_count

    faces, ms = _timed(enroll)
    wanted = len(person.enrolled)
    return Row(
        "enrol", f"{person.name}: {wanted} photographs", f"{faces} faces", ms, faces == wanted
    )


def _identify(gallery: RemoteGallery, picture: Picture, *, expected: str) -> Row:
    def identify() -> Identification:
        faces = gallery.identify(picture.data, faces_max=1)
        if not faces:
            raise NoFace(f"no face was found in {picture.label}")
        return faces[0]

    said, ms = _timed(identify)
    best = said.candidates[0] if said.candidates else None
    nearest = f" (closest: {best.person_id})" if best and not said.is_known else ""
    return Row(
        job="identify",
        question=f"who is this? {picture.label}",
        answer=(said.person_id or "unknown") + nearest,
        ms=ms,
        is_expected=said.person_id == expected,
        similarity=best.score if best else None,
        threshold=said.threshold,
    )


def _compare(client: FacenetClient, first: Picture, second: Picture, *, is_same: bool) -> Row:
    said, ms = _timed(lambda: client.verify(first.data, second.data, largest=True))
    return Row(
        job="verify",
        question=f"one person? {first.label} | {second.label}",
        answer="same person" if said.is_match else "different people",
        ms=ms,
        is_expected=said.is_match == is_same,
        similarity=said.score,
        threshold=said.threshold,
    )


def _verify(gallery: RemoteGallery, person_id: str, picture: Picture, *, is_same: bool) -> Row:
    said, ms = _timed(lambda: gallery.verify(person_id, picture.data, largest=True))
    return Row(
        job="verify",
        question=f"is this {person_id}? {picture.label}",
        answer="yes" if said.is_match else "no",
        ms=ms,
        is_expected=said.is_match == is_same,
        similarity=said.score,
        threshold=said.threshold,
    )


def _delete(gallery: RemoteGallery, person: Person) -> list[Row]:
    receipt, ms = _timed(lambda: gallery.delete_person(person.person_id))
    faces = f"{receipt.faces} faces deleted, {receipt.rows_left} rows left"
    deleted = Row("delete", person.name, faces, ms, receipt.rows_left == 0)

    def is_gone() -> bool:
        try:
            gallery.person(person.person_id)
        except UnknownPerson:
            return True
        return False

    gone, ms = _timed(is_gone)
    answer = "no such person" if gone else "still there"
    return [deleted, Row("look up", f"{person.name}, after the deletion", answer, ms, gone)]


def _timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    began_s = time.perf_counter()
    answer = call()
    return answer, 1e3 * (time.perf_counter() - began_s)
