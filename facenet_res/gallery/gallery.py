"""The gallery of embeddings: who is known, who is this, is it them.

    with EmbeddingGallery.create("staff", model_id=model_id, embedding_dim=512) as gallery:
        gallery.enroll("ada", embedding, name="Ada Lovelace", face_id="upload-17")
        (answer,) = gallery.identify(embeddings, fpir=0.01)
        print(answer.person_id or "unknown", answer.score, answer.margin)

The store is the truth. A search runs over its vectors in memory, waits for no writer, and every
face that it finds is read again from the truth before it is returned.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.errors import DeadlineExceeded, UnknownFace, UnknownPerson
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.types import (
    Candidate,
    Embeddings,
    Identification,
    Verification,
)
from facenet_res.gallery.deciding import Decider, ThresholdAtFmr
from facenet_res.gallery.duplicates import find_duplicates
from facenet_res.gallery.gallery_people import LIMITS, GalleryPeople
from facenet_res.gallery.identifying import Identifier
from facenet_res.gallery.limits import GalleryLimits, check_model, check_number, check_threshold
from facenet_res.gallery.opening import Place, create_store, open_store, shown
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import (
    EVERYBODY,
    Duplicate,
    GalleryInfo,
    PersonFilter,
    random_face_id,
)

SIMILAR_MAX = 10
POLL_S = 0.01


class EmbeddingGallery(GalleryPeople):
    """People and their faces, searchable, durable. Safe to call from several threads.

    One process opens a gallery in a folder to write, any number `read_only`; one in PostgreSQL is
    written by any number. Changes of several callers are
    committed together; each is on the disk when its call returns. Every change takes a
    `request_id`: for 24 hours the same call under the same id is carried out once.

    Memory: 4 D bytes a face, shared by all processes of the machine, and 24 bytes for its numbers.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: GalleryLimits = LIMITS,
        clock: Callable[[], float] = time.time,
        new_face_id: Callable[[], str] = random_face_id,
        threshold_at_fmr: ThresholdAtFmr | None = None,
    ) -> None:
        """Takes over an open store; see `create` and `open`."""
        super().__init__(store, limits, new_face_id)
        self._identifier = Identifier(store, clock)
        self._decider = Decider(store, self._identifier, threshold_at_fmr)

    @classmethod
    def create(
        cls,
        path: Place,
        *,
        model_id: str,
        embedding_dim: int,
        limits: GalleryLimits = LIMITS,
        clock: Callable[[], float] = time.time,
        threshold_at_fmr: ThresholdAtFmr | None = None,
    ) -> "EmbeddingGallery":
        """Makes a gallery for one model's embeddings, and opens it.

        Args:
            path: its folder, made if it is not there, or the URL of a database that is there.
            model_id: names the weights that make all its embeddings.
            embedding_dim: D, 1 to 4096.
            limits: how much it takes; not written down, so each opening may set others.
            clock: seconds since 1970.
            threshold_at_fmr: the model's calibration, for FMR and for galleries of few people.

        Raises:
            GalleryExists: a gallery is there already.
            ArgumentInvalid: an argument is out of range.
            GalleryLocked, GalleryInvalid, DiskFull: see `SqliteStore.create`.
            GalleryUnavailable, EngineUnavailable: the database, or what connects to it.
        """
        check_model(model_id, embedding_dim)
        info = GalleryInfo(model_id, embedding_dim, clock())
        store = create_store(path, info, clock)
        return cls(store, limits=limits, clock=clock, threshold_at_fmr=threshold_at_fmr)

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        model_id: str | None = None,
        embedding_dim: int | None = None,
        read_only: bool = False,
        limits: GalleryLimits = LIMITS,
        threshold_at_fmr: ThresholdAtFmr | None = None,
    ) -> "EmbeddingGallery":
        """Opens a gallery and checks it.

        Args:
            path: its folder, or its URL.
            model_id: of the model in use; may be None where faces are only listed and deleted.
            embedding_dim: D of the model in use; None as above.
            read_only: beside a process that writes, or from a read-only disk.
            limits: as for `create`.
            threshold_at_fmr: as for `create`.

        Raises:
            FileMissing: there is no gallery.
            GalleryLocked: another process has it open to write.
            GalleryInvalid: it is damaged, foreign, or of another format.
            ModelMismatch: it belongs to another model.
            GalleryUnavailable: its database does not answer.
        """
        store = open_store(path, read_only=read_only)
        try:
            store.info.check_model(shown(path), model_id, embedding_dim)
        except BaseException:
            store.close()
            raise
        return cls(store, limits=limits, threshold_at_fmr=threshold_at_fmr)

    def identify(
        self,
        embeddings: Embeddings,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
        k: int = 5,
        where: PersonFilter = EVERYBODY,
    ) -> list[Identification]:
        """Says for each face who it is, or that it is nobody known.

        Args:
            embeddings: float32[B, D], of unit length; B may be 0.
            fpir: share of people not enrolled who may be named; 1 % where nothing is given.
            fmr: or a false match rate of one comparison.
            threshold: or the least cosine that counts as the same person, in [-1, 1].
            k: how many people to list for each, each once by the best face.
            where: which people count. The threshold is that of the whole gallery.

        Raises:
            CalibrationUnsupported: the gallery is too small for the rate; see `operating_point`.
            ArrayInvalid, ArgumentInvalid: an embedding, a rate or a number is out of range.
        """
        queries = check_embeddings(embeddings, self.info.embedding_dim)
        check_number("faces at once", len(queries), 0, self.limits.batch_max)
        check_number("k", k, 1, self.limits.top_k_max)
        point = self.operating_point(fpir=fpir, fmr=fmr, threshold=threshold)
        found = self._identifier.candidates(queries, max(2, k), where)
        return [_identified(candidates, point, k) for candidates in found]

    def verify(
        self,
        person_id: str,
        embedding: NDArray[np.float32],
        *,
        fmr: float | None = None,
        threshold: float | None = None,
    ) -> Verification:
        """Says whether the face is the person's, by the closest of their faces.

        Args:
            person_id: who it should be.
            embedding: float32[D], of unit length.
            fmr: false match rate of one comparison.
            threshold: or the least cosine that counts as the same person, in [-1, 1]. With both,
                the threshold decides, and the rate goes into the answer.

        Raises:
            UnknownPerson: the gallery has no such person.
            UnknownFace: the person has no face left.
            CalibrationUnsupported: the gallery is too small for the rate.
            ArrayInvalid, ArgumentInvalid: as for `identify`.
        """
        query = check_embeddings(np.asarray(embedding)[None], self.info.embedding_dim)[0]
        point = (
            self.operating_point(fmr=fmr)
            if threshold is None
            else replace(self.operating_point(threshold=threshold), fmr=fmr)
        )
        self.store.refresh()
        stored = self.store.hits_of(self.limits.check_id("person_id", person_id))
        known = [hit for hit in stored if self._identifier.is_live(hit)]
        if stored and not known:
            raise UnknownPerson(f"the time of {person_id!r} is over")
        if not known:
            raise UnknownFace(f"{person_id!r} has no face to compare with")
        score = max(float(np.clip(hit.vector @ query, -1.0, 1.0)) for hit in known)
        return Verification(score, point.threshold, point.fmr)

    def operating_point(
        self,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
    ) -> OperatingPoint:
        """The threshold for a wanted rate, with intervals; an FPIR of 1 % where none is named.

        An FPIR is calibrated on the gallery's own people, again as it grows; see `thresholds`. A
        gallery of fewer than 20 people takes the model's calibration for the FMR, divided by the
        number of people.

        Raises:
            CalibrationUnsupported: the gallery is too small for the rate, and has no calibration
                of its model.
            ArgumentInvalid: more than one is named, or a value is out of range.
        """
        return self._decider.point(fpir=fpir, fmr=fmr, threshold=threshold)

    def similar_people(
        self, embeddings: Embeddings, threshold: float, *, except_for: str = ""
    ) -> list[tuple[Candidate, ...]]:
        """The people whom each face resembles, but one: to find one face under several people.

        Args:
            embeddings: float32[B, D], of unit length.
            threshold: least score that is reported.
            except_for: the person whose face it is said to be.
        """
        queries = check_embeddings(embeddings, self.info.embedding_dim)
        found = self._identifier.candidates(queries, SIMILAR_MAX)
        return [
            tuple(one for one in people if one.score >= threshold and one.person_id != except_for)
            for people in found
        ]

    def duplicates(self, threshold: float, pairs_max: int = 1000) -> list[Duplicate]:
        """Pairs of people with faces as alike as one person's, best first.

        The time grows with the square of the number of faces: 100,000 take some minutes.

        Args:
            threshold: least score of their closest faces, in [-1, 1].
            pairs_max: most pairs to return.
        """
        check_threshold(threshold)
        return find_duplicates(self.store, threshold, pairs_max)

    def position(self) -> int:
        """Where the log ends: what was acknowledged to this process lies at or before it."""
        self.store.refresh()
        return self.store.position()

    def wait_for(self, position: int, *, wait_s: float = 5.0) -> None:
        """Returns when a reader, of a standby say, has followed the log to another's `position`.

        Raises DeadlineExceeded where that takes longer.
        """
        limit = time.monotonic() + wait_s
        while (reached := self.position()) < position:
            if time.monotonic() > limit:
                raise DeadlineExceeded(f"the log is at {reached} of {position} after {wait_s:g} s")
            time.sleep(POLL_S)

    def close(self) -> None:
        """Closes after the changes in progress; from then on all but this raises ShuttingDown."""
        self._identifier.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _identified(candidates: tuple[Candidate, ...], point: OperatingPoint, k: int) -> Identification:
    is_known = bool(candidates) and candidates[0].score >= point.threshold
    return Identification(
        candidates[:k],
        point.threshold,
        candidates[0].person_id if is_known else "",
        fmr=point.fmr,
        fpir=point.fpir,
        second_score=candidates[1].score if len(candidates) > 1 else -1.0,
    )
