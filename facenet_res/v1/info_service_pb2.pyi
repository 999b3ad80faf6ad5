from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("version", "model", "limits", "thresholds", "fmr_default", "gallery", "batcher", "uptime_s")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    FMR_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    BATCHER_FIELD_NUMBER: _ClassVar[int]
    UPTIME_S_FIELD_NUMBER: _ClassVar[int]
    version: str
    model: ModelInfo
    limits: Limits
    thresholds: _containers.RepeatedCompositeFieldContainer[Threshold]
    fmr_default: float
    gallery: GalleryInfo
    batcher: BatcherStats
    uptime_s: float
    def __init__(self, version: _Optional[str] = ..., model: _Optional[_Union[ModelInfo, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., thresholds: _Optional[_Iterable[_Union[Threshold, _Mapping]]] = ..., fmr_default: _Optional[float] = ..., gallery: _Optional[_Union[GalleryInfo, _Mapping]] = ..., batcher: _Optional[_Union[BatcherStats, _Mapping]] = ..., uptime_s: _Optional[float] = ...) -> None: ...

class ModelInfo(_message.Message):
    __slots__ = ("model_id", "embedding_dim", "engine", "detector", "licence", "name", "version")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_DIM_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    embedding_dim: int
    engine: str
    detector: str
    licence: str
    name: str
    version: str
    def __init__(self, model_id: _Optional[str] = ..., embedding_dim: _Optional[int] = ..., engine: _Optional[str] = ..., detector: _Optional[str] = ..., licence: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("image_bytes_max", "image_pixels_max", "request_bytes_max", "batch_images_max", "requests_max", "page_size_max", "top_k_max", "deadline_s_max")
    IMAGE_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    IMAGE_PIXELS_MAX_FIELD_NUMBER: _ClassVar[int]
    REQUEST_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    BATCH_IMAGES_MAX_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_MAX_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_MAX_FIELD_NUMBER: _ClassVar[int]
    TOP_K_MAX_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_S_MAX_FIELD_NUMBER: _ClassVar[int]
    image_bytes_max: int
    image_pixels_max: int
    request_bytes_max: int
    batch_images_max: int
    requests_max: int
    page_size_max: int
    top_k_max: int
    deadline_s_max: float
    def __init__(self, image_bytes_max: _Optional[int] = ..., image_pixels_max: _Optional[int] = ..., request_bytes_max: _Optional[int] = ..., batch_images_max: _Optional[int] = ..., requests_max: _Optional[int] = ..., page_size_max: _Optional[int] = ..., top_k_max: _Optional[int] = ..., deadline_s_max: _Optional[float] = ...) -> None: ...

class Threshold(_message.Message):
    __slots__ = ("fmr", "similarity", "similarity_low", "similarity_high")
    FMR_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_LOW_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_HIGH_FIELD_NUMBER: _ClassVar[int]
    fmr: float
    similarity: float
    similarity_low: float
    similarity_high: float
    def __init__(self, fmr: _Optional[float] = ..., similarity: _Optional[float] = ..., similarity_low: _Optional[float] = ..., similarity_high: _Optional[float] = ...) -> None: ...

class GalleryInfo(_message.Message):
    __slots__ = ("name", "people", "faces")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    name: str
    people: int
    faces: int
    def __init__(self, name: _Optional[str] = ..., people: _Optional[int] = ..., faces: _Optional[int] = ...) -> None: ...

class BatcherStats(_message.Message):
    __slots__ = ("batches", "faces", "batch_size_max", "waiting", "refused", "late", "cancelled")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_MAX_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    batches: int
    faces: int
    batch_size_max: int
    waiting: int
    refused: int
    late: int
    cancelled: int
    def __init__(self, batches: _Optional[int] = ..., faces: _Optional[int] = ..., batch_size_max: _Optional[int] = ..., waiting: _Optional[int] = ..., refused: _Optional[int] = ..., late: _Optional[int] = ..., cancelled: _Optional[int] = ...) -> None: ...
