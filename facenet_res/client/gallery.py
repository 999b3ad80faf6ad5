"""A server's gallery, with the methods of a local one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from facenet_res.client import calls
from facenet_res.client.arguments import ImageSource
from facenet_res.client.results import DeletionReceipt, EnrolledFace, Person
from facenet_res.core.types import Identification, Verification

if TYPE_CHECKING:
    from facenet_res.client.client import FacenetClient


class RemoteGallery:
    """A server's gallery, with the methods of `facenet_res.Gallery`.

    Attributes:
        name: as the server calls it.
    """

    def __init__(self, client: "FacenetClient", name: str) -> None:
        self._client = client
        self.name = name

    def enroll(
        self,
        person_id: str,
        images: ImageSource | Sequence[ImageSource],
        *,
        display_name: str = "",
        metadata: Mapping[str, str] | None = None,
        largest: bool = False,
        face_id: str = "",
    ) -> list[EnrolledFace]:
        """Enrols a person by one or more images, image by image; see `Gallery.enroll`.

        The same image of the same person again changes nothing, so a call that failed half-way may
        be repeated.

        Raises:
            NoFace, SeveralFaces: an image shows not exactly one face.
            DiskFull: the server could not write.
        """
        enrollment = calls.Enrollment(
            person_id=person_id,
            name=display_name,
            metadata=metadata or {},
            largest_face=largest,
            face_id=face_id,
        )
        return [
            self._client.run(calls.enroll(image, enrollment)) for image in calls.several(images)
        ]

    def identify(
        self,
        image: ImageSource,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
        k: int = 5,
        faces_max: int | None = None,
    ) -> list[Identification]:
        """Identifies every face of an image (1:N), largest first; see `Gallery.identify`."""
        decision = calls.decision(threshold, fmr, fpir)
        return self._client.run(calls.identify(image, decision, k, faces_max))

    def verify(
        self,
        person_id: str,
        image: ImageSource,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares an image with a person (1:1); see `Gallery.verify`.

        Raises:
            UnknownPerson: the gallery has no such person.
            NoFace, SeveralFaces: the image shows not exactly one face.
        """
        decision = calls.decision(threshold, fmr)
        return self._client.run(calls.verify(person_id, image, decision, largest))

    def person(self, person_id: str) -> Person:
        """One person with all faces; raises UnknownPerson where there is none."""
        return self._client.run(calls.get_person(person_id))

    def people(self, page_size: int = 100) -> Iterator[Person]:
        """Everybody, by the order of ids, fetched page by page, without the faces."""
        token = ""
        while True:
            page = self._client.run(calls.list_people(page_size, token))
            yield from page.people
            token = page.next_token
            if not token:
                return

    def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person and all faces; raises UnknownPerson where there is none."""
        return self._client.run(calls.delete_person(person_id))

    def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face; raises UnknownFace where there is none."""
        return self._client.run(calls.delete_face(face_id))

    def close(self) -> None:
        """Does nothing: the connection is the client's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
