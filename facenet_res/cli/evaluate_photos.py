"""`facenet-res evaluate photos`: identification by the library or by a server."""

import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import progress
from facenet_res.cli.evaluate_output import finish, plan_config
from facenet_res.cli.options import open_recognizer
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid, NoFace, UnknownPerson

if TYPE_CHECKING:
    from facenet_res.client.gallery import RemoteGallery
    from facenet_res.core.types import Identification
    from facenet_res.evaluation.photos import Identifier
    from facenet_res.recognizer.gallery import Gallery


def run_photos(arguments: Namespace) -> int:
    """Prints how well people are recognised."""
    from facenet_res.evaluation import report
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.photos import judge_photos, plan_photos
    from facenet_res.evaluation.report_pages import photos_page

    with open_images(arguments.images) as source:
        plan = plan_photos(source.names, plan_config(arguments))
        total = len(plan.enrolled) + len(plan.known) + len(plan.unknown)
        opened = _server(arguments) if arguments.server else _library(arguments)
        with opened as identifier, progress(total, "images") as tell:
            result = judge_photos(plan, source, identifier, tell)
    title = "People recognised"
    summary = f"{total} images, {result.people_enrolled} people enrolled."
    rows = report.photos_rows(result)
    finish(arguments, title, result, rows, lambda: photos_page(title, summary, result))
    if arguments.exit_code and result.false_accepts:
        return exit_codes.ANSWER_IS_NO
    return exit_codes.OK


class _GalleryIdentifier:
    """A gallery, in this process or of a server: both have the same methods."""

    def __init__(self, gallery: "Gallery | RemoteGallery", arguments: Namespace) -> None:
        self._gallery = gallery
        self._point = {
            "fpir": arguments.fpir,
            "threshold": arguments.threshold,
            "fmr": arguments.fmr,
        }
        self.people: set[str] = set()

    def enroll(self, person: str, image: bytes) -> None:
        # Noted before the call: after a lost answer the person may be there.
        self.people.add(person)
        self._gallery.enroll(person, image, largest=True)

    def identify(self, image: bytes) -> "Identification":
        found = self._gallery.identify(image, faces_max=1, **self._point)
        if not found:
            raise NoFace("no face detected")
        return found[0]


@contextmanager
def _library(arguments: Namespace) -> "Iterator[Identifier]":
    with (
        open_recognizer(arguments) as recognizer,
        tempfile.TemporaryDirectory(prefix="facenet-res-") as folder,
        recognizer.open_gallery(Path(folder) / "gallery", create=True) as gallery,
    ):
        yield _GalleryIdentifier(gallery, arguments)


@contextmanager
def _server(arguments: Namespace) -> "Iterator[Identifier]":
    from facenet_res.client.client import FacenetClient

    with FacenetClient(arguments.server) as client:
        people = client.info().people
        if people:
            raise ArgumentInvalid(
                f"the gallery of {arguments.server} holds {people} people; it must be empty"
            )
        gallery = client.open_gallery()
        identifier = _GalleryIdentifier(gallery, arguments)
        try:
            yield identifier
        finally:
            for person in sorted(identifier.people):
                with suppress(UnknownPerson):
                    gallery.delete_person(person)
