"""The gallery: who is known, who is this, is it them. The store is the truth, the index a cache.

    with EmbeddingGallery.create("staff", model_id=model_id, embedding_dim=512) as gallery:
        gallery.enroll("ada", embedding, name="Ada Lovelace", face_id="upload-17")
        (answer,) = gallery.identify(embeddings, threshold=0.38)

Every change is written to the store first and then to the index, in the order in which the changes
came. A crash between the two is healed by opening, which fills the index from the store.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.errors import UnknownFace
from facenet_res.core.types import Candidate, Embeddings, Identification, Verification
from facenet_res.gallery.faiss_index import FaissIndex
from facenet_res.gallery.index import Index
from facenet_res.gallery.limits import GalleryLimits, check_model, check_number, check_threshold
from facenet_res.gallery.persons import PersonIndex
from facenet_res.gallery.records import check_embedding, random_face_id, to_record, to_templates
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import (
    Counts,
    DeletedRows,
    DeletionReceipt,
    EnrolledFace,
    Enrollment,
    FaceRecord,
    GalleryInfo,
    Person,
)

LIMITS = GalleryLimits()


class EmbeddingGallery:
    """Persons and their faces, searchable, durable. Safe to call from several threads.

    One process at a time has a gallery open, to read as well; others get GalleryLocked. Searches
    run beside each other and beside the disk's work; changes go one after another.

    Memory: 4 D bytes a face for the index, and some 300 bytes for its names.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        *,
        limits: GalleryLimits = LIMITS,
        clock: Callable[[], float] = time.time,
        new_face_id: Callable[[], str] = random_face_id,
    ) -> None:
        """Takes over an open store and fills the empty index from it; see `create` and `open`."""
        self._store = store
        self._index = PersonIndex(index)
        self._limits = limits
        self._clock = clock
        self._new_face_id = new_face_id
        self._changing = threading.Lock()
        for batch in store.templates():
            self._index.add(batch)

    @classmethod
    def create(
        cls,
        path: Path | str,
        *,
        model_id: str,
        embedding_dim: int,
        limits: GalleryLimits = LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> "EmbeddingGallery":
        """Makes a gallery for one model's embeddings, and opens it.

        Args:
            path: its folder, made if it is not there.
            model_id: names the weights that make all its embeddings.
            embedding_dim: D, 1 to 4096.
            limits: how much it takes; not written down, so each opening may set others.
            clock: seconds since 1970.

        Raises:
            GalleryExists: a gallery is there already.
            ArgumentInvalid: an argument is out of range.
            GalleryLocked, GalleryInvalid, DiskFull: see `SqliteStore.create`.
        """
        check_model(model_id, embedding_dim)
        store = SqliteStore.create(Path(path), GalleryInfo(model_id, embedding_dim, clock()))
        return cls(store, FaissIndex(embedding_dim), limits=limits, clock=clock)

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        model_id: str | None = None,
        embedding_dim: int | None = None,
        limits: GalleryLimits = LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> "EmbeddingGallery":
        """Opens a gallery and fills its index: about a second for 100,000 faces.

        Args:
            path: its folder.
            model_id: of the model in use; may be None where faces are only listed and deleted.
            embedding_dim: D of the model in use; None as above.
            limits: as for `create`.
            clock: as for `create`.

        Raises:
            FileMissing: there is no gallery.
            GalleryLocked: another process has it open.
            GalleryInvalid: it is damaged, foreign, or of a newer format.
            ModelMismatch: it belongs to another model.
        """
        store = SqliteStore.open(Path(path))
        try:
            store.info.check_model(Path(path), model_id, embedding_dim)
            index = FaissIndex(store.info.embedding_dim)
            return cls(store, index, limits=limits, clock=clock)
        except BaseException:
            store.close()
            raise

    @property
    def info(self) -> GalleryInfo:
        """Model id, dimension and time of creation."""
        return self._store.info

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

    def enroll_many(self, enrollments: Sequence[Enrollment]) -> list[EnrolledFace]:
        """Adds many faces in one transaction: all of them or, where it raises, none.

        With a face id an enrolment happens once, however often it is tried: the same id with the
        same person and embedding (cosine at least 0.999) changes nothing and returns the face of
        the first time. After the face was deleted, a late retry enrols it again.

        Raises:
            FaceExists: a face id is taken by another person's face or by another picture.
            ArrayInvalid: an embedding is not float32[D] of unit length.
            ArgumentInvalid: a text, a number of entries, or the person's faces exceed a limit.
            DiskFull: nothing was written.
        """
        if not enrollments:
            return []
        check_number("enrolments at once", len(enrollments), 1, self._limits.batch_max)
        records = [self._record(enrollment) for enrollment in enrollments]
        with self._changing:
            stored = self._store.add(records, self._limits.faces_per_person_max)
            # A retry's row is in the index already, unless an error kept it out the first time.
            self._index.add(to_templates(stored, records))
        return [one.face for one in stored]

    def identify(
        self, embeddings: Embeddings, threshold: float, top_k: int = 5
    ) -> list[Identification]:
        """Says for each face who it is, or that it is nobody known.

        Args:
            embeddings: float32[B, D], of unit length; B may be 0.
            threshold: least cosine that counts as the same person, in [-1, 1].
            top_k: how many persons to list for each, each once by their best face.

        Raises:
            ArrayInvalid, ArgumentInvalid: an embedding, the threshold or a number is out of range.
        """
        queries = check_embeddings(embeddings, self.info.embedding_dim)
        check_number("faces at once", len(queries), 0, self._limits.batch_max)
        check_threshold(threshold)
        check_number("top_k", top_k, 1, self._limits.top_k_max)
        found = self._index.closest(queries, top_k)
        return [_identified(candidates, threshold) for candidates in found]

    def verify(
        self,
        person_id: str,
        embedding: NDArray[np.float32],
        threshold: float,
        fmr: float | None = None,
    ) -> Verification:
        """Says whether the face is the person's, by the closest of their faces.

        Args:
            person_id: who it should be.
            embedding: float32[D], of unit length.
            threshold: least cosine that counts as the same person, in [-1, 1].
            fmr: the rate the threshold was measured for; goes into the answer.

        Raises:
            UnknownPerson: the gallery has no such person.
            UnknownFace: the person has no face left.
            ArrayInvalid, ArgumentInvalid: as for `identify`.
        """
        query = check_embedding(embedding, self.info.embedding_dim)
        check_threshold(threshold)
        self._limits.check_id("person_id", person_id)
        known, _ = self._store.embeddings_of(person_id)
        if len(known) == 0:
            raise UnknownFace(f"{person_id!r} has no face to compare with")
        similarity = float(np.clip(known @ query, -1.0, 1.0).max())
        return Verification(similarity, threshold, fmr)

    def people(self, page_size: int = 100, after: str = "") -> list[Person]:
        """The next persons by id, after the given one; an empty page is past the last."""
        check_number("page_size", page_size, 1, self._limits.page_size_max)
        return self._store.people(page_size, after)

    def person(self, person_id: str) -> Person:
        """One person with all faces; UnknownPerson where there is none."""
        return self._store.person(person_id)

    def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person with all faces, and overwrites the embeddings on the disk.

        Raises:
            UnknownPerson: the gallery has no such person.
            DiskFull: the disk is so full that not even the space held in reserve sufficed.
        """
        with self._changing:
            return self._forgotten(self._store.delete_person(person_id), face_id="")

    def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face, and overwrites its embedding on the disk. The person stays.

        Raises:
            UnknownFace, DiskFull: as for `delete_person`.
        """
        with self._changing:
            return self._forgotten(self._store.delete_face(face_id), face_id)

    def compact(self) -> None:
        """Rewrites the file without its unused parts, remains of deleted texts among them."""
        with self._changing:
            self._store.compact()

    def counts(self) -> Counts:
        """How many persons and faces it holds."""
        return self._store.counts()

    def close(self) -> None:
        """Lets go after the change in progress; from then on all but this raises ShuttingDown."""
        with self._changing:
            self._index.close()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record(self, enrollment: Enrollment) -> FaceRecord:
        self._limits.check_enrollment(enrollment)
        face_id = self._new_face_id() if enrollment.face_id is None else enrollment.face_id
        return to_record(enrollment, face_id, self._clock(), self.info.embedding_dim)

    def _forgotten(self, deleted: DeletedRows, face_id: str) -> DeletionReceipt:
        """Takes what the store has deleted out of the index, then has the files purged."""
        self._index.remove(deleted.rows)
        self._store.purge()
        return DeletionReceipt(
            deleted.person_id, face_id, len(deleted.rows), self._clock(), deleted.rows_left
        )


def _identified(candidates: tuple[Candidate, ...], threshold: float) -> Identification:
    is_known = bool(candidates) and candidates[0].score >= threshold
    return Identification(candidates, threshold, candidates[0].person_id if is_known else "")
