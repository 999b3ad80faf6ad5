"""EmbeddingService: faces of images, and the comparison of two. Nothing is stored."""

import asyncio

from facenet_res.core.errors import ArgumentInvalid, InputError
from facenet_res.core.types import Face, ImageResult
from facenet_res.recognizer.steps import compare
from facenet_res.server import convert
from facenet_res.server.async_recognizer import AsyncRecognizer
from facenet_res.server.context import Call
from facenet_res.v1 import embedding_service_pb2 as pb
from facenet_res.v1 import embedding_service_pb2_grpc as rpc
from facenet_res.v1 import face_pb2 as face_pb


class EmbeddingServicer(rpc.EmbeddingServiceServicer):
    """See embedding_service.proto. Errors become statuses in the error interceptor."""

    def __init__(self, faces: AsyncRecognizer, batch_images_max: int) -> None:
        self._faces = faces
        self._model_id = faces.recognizer.embedder.model_id
        self._batch_images_max = batch_images_max

    async def Embed(self, request: pb.EmbedRequest, call: Call) -> pb.EmbedResponse:
        """The faces of one image."""
        found = await self._faces.embed(request.image, call, request.faces_max)
        return self._response(found, request.with_crops)

    async def Detect(self, request: pb.DetectRequest, call: Call) -> pb.DetectResponse:
        """The faces of one image, without embeddings."""
        found = await self._faces.detect(request.image, call, request.faces_max)
        return pb.DetectResponse(
            faces=[convert.to_face(face, with_crop=request.with_crops) for face in found.faces],
            width_px=found.width_px,
            height_px=found.height_px,
        )

    async def EmbedBatch(self, request: pb.EmbedBatchRequest, call: Call) -> pb.EmbedBatchResponse:
        """The faces of several images; a bad image fails alone."""
        count = len(request.images)
        if not 1 <= count <= self._batch_images_max:
            raise ArgumentInvalid(
                f"the request has {count} images, allowed are 1 to {self._batch_images_max}"
            )
        outcomes = await asyncio.gather(
            *(self._faces.embed(image, call, request.faces_max) for image in request.images),
            return_exceptions=True,
        )
        return pb.EmbedBatchResponse(
            results=[self._result(outcome, request.with_crops) for outcome in outcomes]
        )

    async def EmbedAligned(
        self, request: pb.EmbedAlignedRequest, call: Call
    ) -> pb.EmbedAlignedResponse:
        """The embeddings of aligned crops."""
        crops = convert.from_aligned(request.faces, self._batch_images_max)
        embeddings = await self._faces.embed_aligned(crops, call)
        return pb.EmbedAlignedResponse(
            embeddings=[pb.Embedding(values=values) for values in embeddings.tolist()],
            model_id=self._model_id,
        )

    async def VerifyImages(
        self, request: pb.VerifyImagesRequest, call: Call
    ) -> pb.VerifyImagesResponse:
        """Whether two images show the same person."""
        point = convert.from_decision(request.decision, self._faces.recognizer)
        probe, reference = await asyncio.gather(
            self._one("first", request.first, call, request.largest_face),
            self._one("second", request.second, call, request.largest_face),
        )
        return pb.VerifyImagesResponse(
            verdict=convert.to_verdict(
                compare(probe, reference, point, self._faces.recognizer.capture)
            ),
            first=convert.to_face(probe),
            second=convert.to_face(reference),
        )

    async def _one(self, which: str, image: bytes, call: Call, largest: bool) -> Face:
        try:
            return await self._faces.embed_one(image, call, largest=largest)
        except InputError as error:
            raise type(error)(f"the {which} image: {error}") from error

    def _result(self, outcome: ImageResult | BaseException, with_crops: bool) -> pb.EmbedResult:
        if isinstance(outcome, InputError):
            failure = face_pb.Failure(reason=outcome.reason, message=str(outcome))
            return pb.EmbedResult(failure=failure)
        if isinstance(outcome, BaseException):
            # Not the image's fault, so no answer about the others would be true either.
            raise outcome
        return pb.EmbedResult(found=self._response(outcome, with_crops))

    def _response(self, found: ImageResult, with_crops: bool) -> pb.EmbedResponse:
        return pb.EmbedResponse(
            faces=[
                convert.to_face(face, with_embedding=True, with_crop=with_crops)
                for face in found.faces
            ],
            width_px=found.width_px,
            height_px=found.height_px,
            model_id=self._model_id,
        )
