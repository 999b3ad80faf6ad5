"""GalleryService: people, their faces, and who is who."""

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Identification
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.recognizer.gallery import K_DEFAULT, Gallery
from facenet_res.server import convert
from facenet_res.server.async_recognizer import AsyncRecognizer
from facenet_res.server.context import Call
from facenet_res.server.pool import WorkerPool
from facenet_res.v1 import gallery_service_pb2 as pb
from facenet_res.v1 import gallery_service_pb2_grpc as rpc

PAGE_SIZE_DEFAULT = 100


class GalleryServicer(rpc.GalleryServiceServicer):
    """See gallery_service.proto. Errors become statuses in the error interceptor."""

    def __init__(
        self,
        faces: AsyncRecognizer,
        gallery: Gallery,
        limits: GalleryLimits,
        disk: WorkerPool,
    ) -> None:
        """Takes what it calls.

        Args:
            faces: embeds images, and computes searches in its threads.
            gallery: of embeddings; writes and lists wait for the disk.
            limits: those of the gallery.
            disk: threads for the disk's work.
        """
        self._faces = faces
        self._gallery = gallery
        self._embeddings = gallery.embeddings
        self._limits = limits
        self._disk = disk

    async def Enroll(self, request: pb.EnrollRequest, call: Call) -> pb.EnrollResponse:
        """Stores one face; it is on the disk before the answer is sent."""
        # Checked before the network's work, and again by the gallery.
        self._limits.check_id("person_id", request.person_id)
        face = await self._faces.embed_one(request.image, call, largest=request.largest_face)
        enrolled = await self._disk.run(
            lambda: self._embeddings.enroll(
                request.person_id,
                face.embedding,
                name=request.name,
                metadata=dict(request.metadata),
                face_id=request.face_id or None,
                source=request.source,
            )
        )
        return pb.EnrollResponse(enrolled=convert.to_enrolled(enrolled), face=convert.to_face(face))

    async def Identify(self, request: pb.IdentifyRequest, call: Call) -> pb.IdentifyResponse:
        """Who the faces of an image are."""
        k = request.k or K_DEFAULT
        if k > self._limits.top_k_max:
            raise ArgumentInvalid(f"k is {k}, limit is {self._limits.top_k_max}")
        found = await self._faces.embed(request.image, call, request.faces_max)

        def answer() -> list[Identification]:
            # Calibration of a gallery that has grown computes, so it belongs into the thread too.
            point = convert.from_identification_decision(request.decision, self._gallery)
            return self._gallery.identify_faces(found.faces, point, k)

        answers = await self._faces.compute(answer, call)
        return pb.IdentifyResponse(
            identifications=map(convert.to_identification, found.faces, answers)
        )

    async def Verify(self, request: pb.VerifyRequest, call: Call) -> pb.VerifyResponse:
        """Whether an image shows the person it is claimed to show."""
        point = convert.from_decision(request.decision, self._faces.recognizer)
        self._limits.check_id("person_id", request.person_id)
        face = await self._faces.embed_one(request.image, call, largest=request.largest_face)
        verification = await self._faces.compute(
            lambda: self._gallery.verify_face(request.person_id, face, point), call
        )
        return pb.VerifyResponse(
            verdict=convert.to_verdict(verification),
            probe=convert.to_face(face),
        )

    async def GetPerson(self, request: pb.GetPersonRequest, call: Call) -> pb.GetPersonResponse:
        """A person with all faces."""
        self._limits.check_id("person_id", request.person_id)
        person = await self._disk.run(lambda: self._gallery.person(request.person_id))
        return pb.GetPersonResponse(person=convert.to_person(person, with_faces=True))

    async def ListPeople(self, request: pb.ListPeopleRequest, call: Call) -> pb.ListPeopleResponse:
        """A page of people. The token is the last id of the page before."""
        page_size = request.page_size or PAGE_SIZE_DEFAULT
        people = await self._disk.run(
            lambda: self._embeddings.people(page_size, request.page_token)
        )
        # A full page may be the last one: then the next page is empty.
        token = people[-1].person_id if len(people) == page_size else ""
        return pb.ListPeopleResponse(
            people=[convert.to_person(person, with_faces=False) for person in people],
            next_page_token=token,
        )

    async def DeletePerson(
        self, request: pb.DeletePersonRequest, call: Call
    ) -> pb.DeletePersonResponse:
        """Deletes a person and all faces."""
        self._limits.check_id("person_id", request.person_id)
        receipt = await self._disk.run(lambda: self._gallery.delete_person(request.person_id))
        return pb.DeletePersonResponse(receipt=convert.to_receipt(receipt))

    async def DeleteFace(self, request: pb.DeleteFaceRequest, call: Call) -> pb.DeleteFaceResponse:
        """Deletes one face."""
        self._limits.check_id("face_id", request.face_id)
        receipt = await self._disk.run(lambda: self._gallery.delete_face(request.face_id))
        return pb.DeleteFaceResponse(receipt=convert.to_receipt(receipt))
