from facenet_res.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DetectRequest(_message.Message):
    __slots__ = ("image", "faces_max", "with_crops")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FACES_MAX_FIELD_NUMBER: _ClassVar[int]
    WITH_CROPS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    faces_max: int
    with_crops: bool
    def __init__(self, image: _Optional[bytes] = ..., faces_max: _Optional[int] = ..., with_crops: _Optional[bool] = ...) -> None: ...

class DetectResponse(_message.Message):
    __slots__ = ("faces", "width_px", "height_px")
    FACES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    faces: _containers.RepeatedCompositeFieldContainer[_face_pb2.Face]
    width_px: int
    height_px: int
    def __init__(self, faces: _Optional[_Iterable[_Union[_face_pb2.Face, _Mapping]]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("image", "faces_max", "with_crops")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FACES_MAX_FIELD_NUMBER: _ClassVar[int]
    WITH_CROPS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    faces_max: int
    with_crops: bool
    def __init__(self, image: _Optional[bytes] = ..., faces_max: _Optional[int] = ..., with_crops: _Optional[bool] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("faces", "width_px", "height_px", "model_id")
    FACES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    faces: _containers.RepeatedCompositeFieldContainer[_face_pb2.Face]
    width_px: int
    height_px: int
    model_id: str
    def __init__(self, faces: _Optional[_Iterable[_Union[_face_pb2.Face, _Mapping]]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., model_id: _Optional[str] = ...) -> None: ...

class EmbedBatchRequest(_message.Message):
    __slots__ = ("images", "faces_max", "with_crops")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    FACES_MAX_FIELD_NUMBER: _ClassVar[int]
    WITH_CROPS_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedScalarFieldContainer[bytes]
    faces_max: int
    with_crops: bool
    def __init__(self, images: _Optional[_Iterable[bytes]] = ..., faces_max: _Optional[int] = ..., with_crops: _Optional[bool] = ...) -> None: ...

class EmbedBatchResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[EmbedResult]
    def __init__(self, results: _Optional[_Iterable[_Union[EmbedResult, _Mapping]]] = ...) -> None: ...

class EmbedResult(_message.Message):
    __slots__ = ("found", "failure")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    found: EmbedResponse
    failure: _face_pb2.Failure
    def __init__(self, found: _Optional[_Union[EmbedResponse, _Mapping]] = ..., failure: _Optional[_Union[_face_pb2.Failure, _Mapping]] = ...) -> None: ...

class EmbedAlignedRequest(_message.Message):
    __slots__ = ("faces",)
    FACES_FIELD_NUMBER: _ClassVar[int]
    faces: bytes
    def __init__(self, faces: _Optional[bytes] = ...) -> None: ...

class EmbedAlignedResponse(_message.Message):
    __slots__ = ("embeddings", "model_id")
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    embeddings: _containers.RepeatedCompositeFieldContainer[Embedding]
    model_id: str
    def __init__(self, embeddings: _Optional[_Iterable[_Union[Embedding, _Mapping]]] = ..., model_id: _Optional[str] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class VerifyImagesRequest(_message.Message):
    __slots__ = ("first", "second", "decision", "largest_face")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    LARGEST_FACE_FIELD_NUMBER: _ClassVar[int]
    first: bytes
    second: bytes
    decision: _face_pb2.Decision
    largest_face: bool
    def __init__(self, first: _Optional[bytes] = ..., second: _Optional[bytes] = ..., decision: _Optional[_Union[_face_pb2.Decision, _Mapping]] = ..., largest_face: _Optional[bool] = ...) -> None: ...

class VerifyImagesResponse(_message.Message):
    __slots__ = ("verdict", "first", "second")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    verdict: _face_pb2.Verdict
    first: _face_pb2.Face
    second: _face_pb2.Face
    def __init__(self, verdict: _Optional[_Union[_face_pb2.Verdict, _Mapping]] = ..., first: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., second: _Optional[_Union[_face_pb2.Face, _Mapping]] = ...) -> None: ...
