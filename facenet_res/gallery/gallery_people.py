"""People and faces of a gallery: enrol, list, update, move, merge, delete."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.types import Image
from facenet_res.gallery import changes
from facenet_res.gallery.limits import GalleryLimits, check_number
from facenet_res.gallery.records import to_json
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import (
    EVERYBODY,
    Counts,
    DeletionReceipt,
    EnrolledFace,
    Enrollment,
    GalleryInfo,
    LogEntry,
    Person,
    PersonFilter,
    PersonUpdate,
    Request,
    random_face_id,
)

LIMITS = GalleryLimits()


class GalleryPeople:
    """What can be done with people and faces without searching. `EmbeddingGallery` adds that."""

    def __init__(
        self,
        store: Store,
        limits: GalleryLimits = LIMITS,
        new_face_id: Callable[[], str] = random_face_id,
    ) -> None:
        """Takes over an open store."""
        self.store = store
        self.limits = limits
        self._new_face_id = new_face_id

    @property
    def info(self) -> GalleryInfo:
        """Model id, dimension and time of creation."""
        return self.store.info

    def enroll(
        self,
        person_id: str,
        embedding: NDArray[np.float32],
        *,
        name: str = "",
        metadata: Mapping[str, str] | None = None,
        face_id: str | None = None,
        source: str = "",
    ) -> EnrolledFace:
        """Adds one face to a person, who is made if new. On the disk when this returns.

        See `Enrollment` for the arguments and `enroll_many` for what is raised.
        """
        enrollment = Enrollment(
            person_id=person_id,
            embedding=embedding,
            name=name,
            metadata=metadata or {},
            face_id=face_id,
            source=source,
        )
        return self.enroll_many([enrollment])[0]

    def enroll_many(
        self, enrollments: Sequence[Enrollment], *, request_id: str | None = None
    ) -> list[EnrolledFace]:
        """Adds many faces in one transaction: all of them or, where it raises, none.

        With a face id an enrolment happens once, however often it is tried: the same id with the
        same person and embedding (cosine at least 0.999) changes nothing and returns the face of
        the first time. After the face was deleted, a late retry enrols it again, unless the
        request_id says that it is one.

        Raises:
            FaceExists: a face id is taken by another person's face or by another image.
            RequestConflict: the request_id had other contents.
            ArrayInvalid: an embedding is not float32[D] of unit length.
            ArgumentInvalid: a text, a number of entries, or the person's faces exceed a limit.
            DiskFull: nothing was written.
        """
        if not enrollments:
            return []
        check_number("enrolments at once", len(enrollments), 1, self.limits.batch_max)
        checked = [self.checked(enrollment) for enrollment in enrollments]
        named = [
            one if one.face_id is not None else replace(one, face_id=self._new_face_id())
            for one in checked
        ]
        change = changes.AddFaces(named, self.limits.faces_per_person_max)
        contents = ["enroll", *map(_contents_of, checked)] if request_id else ["enroll"]
        return self._change(change, request_id, contents)

    def person(self, person_id: str) -> Person:
        """One person with all faces; UnknownPerson where there is none."""
        return self.store.person(self.limits.check_id("person_id", person_id))

    def people(
        self, page_size: int = 100, after: str = "", where: PersonFilter = EVERYBODY
    ) -> list[Person]:
        """The next persons by id, after the given one; an empty page is past the last."""
        check_number("page_size", page_size, 1, self.limits.page_size_max)
        after = self.limits.check_id("after", after) if after else ""
        return self.store.people(page_size, after, self._normalised(where))

    def update_person(
        self, person_id: str, update: PersonUpdate, *, request_id: str | None = None
    ) -> Person:
        """Replaces the fields that are given; no image is needed.

        Raises:
            UnknownPerson: the gallery has no such person.
            EtagMismatch: the person has changed since the caller read them.
            ArgumentInvalid: a field exceeds a limit.
        """
        self.limits.check_update(update)
        person_id = self.limits.check_id("person_id", person_id)
        change = partial(changes.update_person, person_id=person_id, update=update)
        return self._change(change, request_id, ["update", person_id, asdict(update)])

    def move_faces(
        self, face_ids: Sequence[str], person_id: str, *, request_id: str | None = None
    ) -> Person:
        """Gives faces to a person, who is made if new: to correct a mix-up, or to split a person.

        Raises:
            UnknownFace: the gallery has no such face; then none is moved.
            ArgumentInvalid: the person would have too many faces.
        """
        faces = self._ids("face_id", face_ids)
        person_id = self.limits.check_id("person_id", person_id)
        change = partial(
            changes.move_faces,
            face_ids=faces,
            person_id=person_id,
            faces_per_person_max=self.limits.faces_per_person_max,
        )
        return self._change(change, request_id, ["move", faces, person_id])

    def merge_people(
        self, person_ids: Sequence[str], into: str, *, request_id: str | None = None
    ) -> Person:
        """Gives all faces of some people to another and deletes those people.

        The other keeps name, metadata and expiry.

        Raises:
            UnknownPerson: one of them is not in the gallery; then nothing is changed.
            ArgumentInvalid: the person would have too many faces.
        """
        people = self._ids("person_id", person_ids)
        into = self.limits.check_id("person_id", into)
        change = partial(
            changes.merge_people,
            person_ids=people,
            into=into,
            faces_per_person_max=self.limits.faces_per_person_max,
        )
        return self._change(change, request_id, ["merge", people, into])

    def delete_person(self, person_id: str, *, request_id: str | None = None) -> DeletionReceipt:
        """Deletes a person with all faces, and overwrites the embeddings on the disk.

        Raises:
            UnknownPerson: the gallery has no such person.
            DiskFull: the disk is so full that not even the space held in reserve sufficed.
        """
        return self.delete_people([person_id], request_id=request_id)[0]

    def delete_people(
        self, person_ids: Sequence[str], *, request_id: str | None = None
    ) -> list[DeletionReceipt]:
        """Deletes many people: all of them or, where it raises, none. See `delete_person`."""
        people = self._ids("person_id", person_ids)
        change = partial(changes.delete_people, person_ids=people)
        return self._change(change, request_id, ["delete people", people])

    def delete_face(self, face_id: str, *, request_id: str | None = None) -> DeletionReceipt:
        """Deletes one face, and overwrites its embedding on the disk. The person stays.

        Raises:
            UnknownFace, DiskFull: as for `delete_person`.
        """
        return self.delete_faces([face_id], request_id=request_id)[0]

    def delete_faces(
        self, face_ids: Sequence[str], *, request_id: str | None = None
    ) -> list[DeletionReceipt]:
        """Deletes many faces: all of them or, where it raises, none. See `delete_face`."""
        faces = self._ids("face_id", face_ids)
        change = partial(changes.delete_faces, face_ids=faces)
        return self._change(change, request_id, ["delete faces", faces])

    def delete_expired(self) -> list[DeletionReceipt]:
        """Deletes the people whose time is over; an open gallery does so once a minute."""
        receipts: list[DeletionReceipt] = []
        while found := self.store.change(changes.delete_expired, is_deletion=True):
            receipts += found
        return receipts

    def embeddings_of(self, person_id: str) -> dict[str, NDArray[np.float32]]:
        """A person's embeddings, float32[D], by face id; UnknownPerson where there is none."""
        hits = self.store.hits_of(self.limits.check_id("person_id", person_id))
        return {hit.face_id: hit.vector for hit in hits}

    def crop(self, face_id: str) -> Image:
        """A face's aligned crop, uint8[112, 112, 3] RGB; UnknownFace where none is kept."""
        return self.store.crop(self.limits.check_id("face_id", face_id))

    def log(self, after: int = 0, entries_max: int = 1000) -> list[LogEntry]:
        """The next entries of the audit log, after a position."""
        return self.store.log(after, entries_max)

    def compact(self) -> None:
        """Rewrites the database without its unused parts, remains of deleted texts among them."""
        self.store.compact()

    def counts(self) -> Counts:
        """How many persons and faces it holds."""
        return self.store.counts()

    def _change(
        self, change: changes.Change[changes.Answer], request_id: str | None, contents: list[Any]
    ) -> changes.Answer:
        request, is_deletion = None, str(contents[0]).startswith("delete")
        if request_id is not None:
            digest = hashlib.sha256(to_json(contents).encode("utf-8")).hexdigest()
            subjects = tuple(contents[1]) if is_deletion else ()
            request = Request(self.limits.check_id("request_id", request_id), digest, subjects)
        return self.store.change(change, request=request, is_deletion=is_deletion)

    def _ids(self, what: str, ids: Sequence[str]) -> list[str]:
        check_number(f"{what}s at once", len(ids), 0, self.limits.batch_max)
        return [self.limits.check_id(what, one) for one in ids]

    def _normalised(self, where: PersonFilter) -> PersonFilter:
        if where.person_ids is None:
            return where
        ids = {self.limits.check_id("person_id", one) for one in where.person_ids}
        return replace(where, person_ids=frozenset(ids))

    def checked(self, enrollment: Enrollment) -> Enrollment:
        """The enrolment as it is kept; raises what `enroll_many` does."""
        embedding = check_embeddings(
            np.asarray(enrollment.embedding)[None], self.info.embedding_dim
        )[0]
        return replace(self.limits.checked(enrollment), embedding=embedding)


def _contents_of(enrollment: Enrollment) -> list[Any]:
    """What makes an enrolment another one, for requests that are repeated."""
    arrays = [enrollment.embedding.tobytes()]
    if enrollment.crop is not None:
        arrays.append(enrollment.crop.tobytes())
    expires = enrollment.expires_unix_s
    return [
        enrollment.person_id,
        enrollment.face_id,
        enrollment.name,
        dict(enrollment.metadata),
        enrollment.source,
        enrollment.source_sha256,
        None if expires is None or math.isinf(expires) else expires,
        [hashlib.sha256(array).hexdigest() for array in arrays],
    ]
