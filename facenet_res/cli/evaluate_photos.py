"""`facenet-res evaluate photos`: the same questions to the library or to a server."""

import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import progress
from facenet_res.cli.evaluate_output import finish
from facenet_res.cli.options import decision, opened_pipeline
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid, NoFace, UnknownPerson

if TYPE_CHECKING:
    from facenet_res.client.client import FacenetClient
    from facenet_res.core.types import Identification
    from facenet_res.evaluation.photos import Identifier
    from facenet_res.gallery.gallery import EmbeddingGallery
    from facenet_res.pipeline.embed import FacePipeline


def run_photos(arguments: Namespace) -> int:
    """Prints how well people are recognised."""
    from facenet_res.evaluation import report
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.photos import PhotosConfig, judge_photos, plan_photos
    from facenet_res.evaluation.report_pages import photos_page

    config = PhotosConfig(
        people_enrolled=arguments.people,
        people_unknown=arguments.unknown,
        photos_enrolled=arguments.each,
    )
    with open_images(arguments.images) as source:
        plan = plan_photos(source.names, config)
        total = len(plan.enrolled) + len(plan.known) + len(plan.unknown)
        opened = _server(arguments) if arguments.server else _library(arguments)
        with opened as identifier, progress(total, "photo") as tell:
            result = judge_photos(plan, source, identifier, tell)
    title = "People recognised"
    summary = f"{total} photographs, {result.people_enrolled} people enrolled."
    rows = report.photos_rows(result)
    finish(arguments, title, result, rows, lambda: photos_page(title, summary, result))
    if arguments.exit_code and result.false_accepts:
        return exit_codes.ANSWER_IS_NO
    return exit_codes.OK


class _LibraryIdentifier:
    """A gallery of its own, in this process."""

    def __init__(
        self, pipeline: "FacePipeline", gallery: "EmbeddingGallery", threshold: float
    ) -> None:
        self._pipeline = pipeline
        self._gallery = gallery
        self._threshold = threshold

    def enroll(self, person: str, image: bytes) -> None:
        face = self._pipeline.embed_one(image, largest=True)
        self._gallery.enroll(person, face.embedding)

    def identify(self, image: bytes) -> "Identification":
        face = self._pipeline.embed_one(image, largest=True)
        return self._gallery.identify(face.embedding[None], self._threshold)[0]


class _ServerIdentifier:
    """A gallery at the other end of a wire."""

    def __init__(self, client: "FacenetClient", arguments: Namespace) -> None:
        self._client = client
        self._arguments = arguments
        self.people: set[str] = set()

    def enroll(self, person: str, image: bytes) -> None:
        # Noted before the call: after a lost answer the person may be there.
        self.people.add(person)
        self._client.enroll(person, image, largest_face=True)

    def identify(self, image: bytes) -> "Identification":
        faces = self._client.identify(
            image,
            threshold=self._arguments.threshold,
            fmr=self._arguments.fmr,
            faces_max=1,
        )
        if not faces:
            raise NoFace("no face was found")
        return faces[0]


@contextmanager
def _library(arguments: Namespace) -> "Iterator[Identifier]":
    from facenet_res.gallery.gallery import EmbeddingGallery

    with (
        opened_pipeline(arguments) as (pipeline, manifest),
        tempfile.TemporaryDirectory(prefix="facenet-res-") as folder,
    ):
        threshold, _ = decision(arguments, manifest)
        model_id, dim = manifest.model_id, manifest.embedding_dim
        path = Path(folder) / "gallery"
        with EmbeddingGallery.create(path, model_id=model_id, embedding_dim=dim) as gallery:
            yield _LibraryIdentifier(pipeline, gallery, threshold)


@contextmanager
def _server(arguments: Namespace) -> "Iterator[Identifier]":
    from facenet_res.client.client import FacenetClient

    with FacenetClient(arguments.server) as client:
        people = client.info().people
        if people:
            raise ArgumentInvalid(
                f"the gallery of {arguments.server} holds {people} people; "
                "figures need an empty one, so that nobody else is found"
            )
        identifier = _ServerIdentifier(client, arguments)
        try:
            yield identifier
        finally:
            for person in sorted(identifier.people):
                try:
                    client.delete_person(person)
                except UnknownPerson:
                    continue
