from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Box(_message.Message):
    __slots__ = ("x0", "y0", "x1", "y1")
    X0_FIELD_NUMBER: _ClassVar[int]
    Y0_FIELD_NUMBER: _ClassVar[int]
    X1_FIELD_NUMBER: _ClassVar[int]
    Y1_FIELD_NUMBER: _ClassVar[int]
    x0: float
    y0: float
    x1: float
    y1: float
    def __init__(self, x0: _Optional[float] = ..., y0: _Optional[float] = ..., x1: _Optional[float] = ..., y1: _Optional[float] = ...) -> None: ...

class Point(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class Landmarks(_message.Message):
    __slots__ = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
    LEFT_EYE_FIELD_NUMBER: _ClassVar[int]
    RIGHT_EYE_FIELD_NUMBER: _ClassVar[int]
    NOSE_FIELD_NUMBER: _ClassVar[int]
    LEFT_MOUTH_FIELD_NUMBER: _ClassVar[int]
    RIGHT_MOUTH_FIELD_NUMBER: _ClassVar[int]
    left_eye: Point
    right_eye: Point
    nose: Point
    left_mouth: Point
    right_mouth: Point
    def __init__(self, left_eye: _Optional[_Union[Point, _Mapping]] = ..., right_eye: _Optional[_Union[Point, _Mapping]] = ..., nose: _Optional[_Union[Point, _Mapping]] = ..., left_mouth: _Optional[_Union[Point, _Mapping]] = ..., right_mouth: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class Detection(_message.Message):
    __slots__ = ("box", "score", "landmarks")
    BOX_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LANDMARKS_FIELD_NUMBER: _ClassVar[int]
    box: Box
    score: float
    landmarks: Landmarks
    def __init__(self, box: _Optional[_Union[Box, _Mapping]] = ..., score: _Optional[float] = ..., landmarks: _Optional[_Union[Landmarks, _Mapping]] = ...) -> None: ...

class Face(_message.Message):
    __slots__ = ("detection", "embedding", "crop")
    DETECTION_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    CROP_FIELD_NUMBER: _ClassVar[int]
    detection: Detection
    embedding: _containers.RepeatedScalarFieldContainer[float]
    crop: bytes
    def __init__(self, detection: _Optional[_Union[Detection, _Mapping]] = ..., embedding: _Optional[_Iterable[float]] = ..., crop: _Optional[bytes] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("threshold", "false_accept_rate")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FALSE_ACCEPT_RATE_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    false_accept_rate: float
    def __init__(self, threshold: _Optional[float] = ..., false_accept_rate: _Optional[float] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("similarity", "threshold", "false_accept_rate", "is_same")
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FALSE_ACCEPT_RATE_FIELD_NUMBER: _ClassVar[int]
    IS_SAME_FIELD_NUMBER: _ClassVar[int]
    similarity: float
    threshold: float
    false_accept_rate: float
    is_same: bool
    def __init__(self, similarity: _Optional[float] = ..., threshold: _Optional[float] = ..., false_accept_rate: _Optional[float] = ..., is_same: _Optional[bool] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
