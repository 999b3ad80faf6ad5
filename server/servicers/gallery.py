"""GalleryService: people, their faces, and who is who."""

from dataclasses import replace

import numpy as np

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.server import convert
from facenet_res.server.context import Caller, Context
from facenet_res.server.decisions import Decisions
from facenet_res.server.pool import WorkerPool
from facenet_res.server.reader import FaceReader
from facenet_res.v1 import gallery_service_pb2 as pb
from facenet_res.v1 import gallery_service_pb2_grpc as rpc

TOP_K_DEFAULT = 5
PAGE_SIZE_DEFAULT = 100


class GalleryServicer(rpc.GalleryServiceServicer):
    """See gallery_service.proto. Errors become statuses in the error interceptor."""

    def __init__(
        self,
        reader: FaceReader,
        decisions: Decisions,
        gallery: EmbeddingGallery,
        limits: GalleryLimits,
        disk: WorkerPool,
    ) -> None:
        """Takes what it calls.

        Args:
            reader: reads the faces of images.
            decisions: turns a request's decision into a threshold.
            gallery: is only called in threads, since it waits for the disk.
            limits: those of the gallery.
            disk: these threads.
        """
        self._reader = reader
        self._decisions = decisions
        self._gallery = gallery
        self._limits = limits
        self._disk = disk

    async def Enroll(self, request: pb.EnrollRequest, context: Context) -> pb.EnrollResponse:
        """Stores one face; it is on the disk before the answer is sent."""
        # Checked before the network's work, and again by the gallery.
        self._limits.check_id("person_id", request.person_id)
        face = await self._reader.read_one(
            request.image, Caller.of(context), largest=request.largest_face
        )
        enrolled = await self._disk.run(
            lambda: self._gallery.enroll(
                request.person_id,
                face.embedding,
                name=request.name,
                metadata=dict(request.metadata),
                face_id=request.face_id or None,
                source=request.source,
            )
        )
        return pb.EnrollResponse(enrolled=convert.to_enrolled(enrolled), face=convert.to_face(face))

    async def Identify(self, request: pb.IdentifyRequest, context: Context) -> pb.IdentifyResponse:
        """Who the faces of an image are."""
        rule = self._decisions.rule_of(request.decision)
        top_k = request.top_k or TOP_K_DEFAULT
        if top_k > self._limits.top_k_max:
            raise ArgumentInvalid(f"top_k is {top_k}, limit is {self._limits.top_k_max}")
        found = await self._reader.read(request.image, Caller.of(context), request.faces_max)
        if not found.faces:
            return pb.IdentifyResponse()
        queries = np.stack([face.embedding for face in found.faces])
        answers = await self._disk.run(
            lambda: self._gallery.identify(queries, rule.threshold, top_k)
        )
        return pb.IdentifyResponse(
            identifications=[
                convert.to_identification(face, replace(answer, fmr=rule.fmr or None))
                for face, answer in zip(found.faces, answers, strict=True)
            ]
        )

    async def Verify(self, request: pb.VerifyRequest, context: Context) -> pb.VerifyResponse:
        """Whether an image shows the person it is claimed to show."""
        rule = self._decisions.rule_of(request.decision)
        self._limits.check_id("person_id", request.person_id)
        face = await self._reader.read_one(
            request.image, Caller.of(context), largest=request.largest_face
        )
        verification = await self._disk.run(
            lambda: self._gallery.verify(
                request.person_id, face.embedding, rule.threshold, rule.fmr
            )
        )
        return pb.VerifyResponse(
            verdict=convert.to_verdict(verification),
            probe=convert.to_face(face),
        )

    async def GetPerson(
        self, request: pb.GetPersonRequest, context: Context
    ) -> pb.GetPersonResponse:
        """A person with all faces."""
        self._limits.check_id("person_id", request.person_id)
        person = await self._disk.run(lambda: self._gallery.person(request.person_id))
        return pb.GetPersonResponse(person=convert.to_person(person, with_faces=True))

    async def ListPeople(
        self, request: pb.ListPeopleRequest, context: Context
    ) -> pb.ListPeopleResponse:
        """A page of people. The token is the last id of the page before."""
        page_size = request.page_size or PAGE_SIZE_DEFAULT
        people = await self._disk.run(lambda: self._gallery.people(page_size, request.page_token))
        # A full page may be the last one: then the next page is empty.
        token = people[-1].person_id if len(people) == page_size else ""
        return pb.ListPeopleResponse(
            people=[convert.to_person(person, with_faces=False) for person in people],
            next_page_token=token,
        )

    async def DeletePerson(
        self, request: pb.DeletePersonRequest, context: Context
    ) -> pb.DeletePersonResponse:
        """Deletes a person and all faces."""
        self._limits.check_id("person_id", request.person_id)
        receipt = await self._disk.run(lambda: self._gallery.delete_person(request.person_id))
        return pb.DeletePersonResponse(receipt=convert.to_receipt(receipt))

    async def DeleteFace(
        self, request: pb.DeleteFaceRequest, context: Context
    ) -> pb.DeleteFaceResponse:
        """Deletes one face."""
        self._limits.check_id("face_id", request.face_id)
        receipt = await self._disk.run(lambda: self._gallery.delete_face(request.face_id))
        return pb.DeleteFaceResponse(receipt=convert.to_receipt(receipt))
