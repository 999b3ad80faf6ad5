from facenet_res.v1 import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolledFace(_message.Message):
    __slots__ = ("face_id", "person_id", "source", "enrolled_unix_s")
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    face_id: str
    person_id: str
    source: str
    enrolled_unix_s: float
    def __init__(self, face_id: _Optional[str] = ..., person_id: _Optional[str] = ..., source: _Optional[str] = ..., enrolled_unix_s: _Optional[float] = ...) -> None: ...

class Person(_message.Message):
    __slots__ = ("person_id", "name", "metadata", "face_count", "faces", "created_unix_s")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    FACE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    CREATED_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    name: str
    metadata: _containers.ScalarMap[str, str]
    face_count: int
    faces: _containers.RepeatedCompositeFieldContainer[EnrolledFace]
    created_unix_s: float
    def __init__(self, person_id: _Optional[str] = ..., name: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., face_count: _Optional[int] = ..., faces: _Optional[_Iterable[_Union[EnrolledFace, _Mapping]]] = ..., created_unix_s: _Optional[float] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("person_id", "face_id", "score")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    face_id: str
    score: float
    def __init__(self, person_id: _Optional[str] = ..., face_id: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class DeletionReceipt(_message.Message):
    __slots__ = ("person_id", "face_id", "faces", "deleted_unix_s", "rows_left")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    DELETED_UNIX_S_FIELD_NUMBER: _ClassVar[int]
    ROWS_LEFT_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    face_id: str
    faces: int
    deleted_unix_s: float
    rows_left: int
    def __init__(self, person_id: _Optional[str] = ..., face_id: _Optional[str] = ..., faces: _Optional[int] = ..., deleted_unix_s: _Optional[float] = ..., rows_left: _Optional[int] = ...) -> None: ...

class EnrollRequest(_message.Message):
    __slots__ = ("image", "person_id", "face_id", "name", "metadata", "source", "largest_face")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LARGEST_FACE_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    person_id: str
    face_id: str
    name: str
    metadata: _containers.ScalarMap[str, str]
    source: str
    largest_face: bool
    def __init__(self, image: _Optional[bytes] = ..., person_id: _Optional[str] = ..., face_id: _Optional[str] = ..., name: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., source: _Optional[str] = ..., largest_face: _Optional[bool] = ...) -> None: ...

class EnrollResponse(_message.Message):
    __slots__ = ("enrolled", "face")
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    enrolled: EnrolledFace
    face: _face_pb2.Face
    def __init__(self, enrolled: _Optional[_Union[EnrolledFace, _Mapping]] = ..., face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ...) -> None: ...

class IdentifyRequest(_message.Message):
    __slots__ = ("image", "decision", "k", "faces_max")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    FACES_MAX_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    decision: _face_pb2.Decision
    k: int
    faces_max: int
    def __init__(self, image: _Optional[bytes] = ..., decision: _Optional[_Union[_face_pb2.Decision, _Mapping]] = ..., k: _Optional[int] = ..., faces_max: _Optional[int] = ...) -> None: ...

class IdentifyResponse(_message.Message):
    __slots__ = ("identifications",)
    IDENTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    identifications: _containers.RepeatedCompositeFieldContainer[Identification]
    def __init__(self, identifications: _Optional[_Iterable[_Union[Identification, _Mapping]]] = ...) -> None: ...

class Identification(_message.Message):
    __slots__ = ("face", "person_id", "candidates", "threshold", "fmr", "fpir", "second_score")
    FACE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FMR_FIELD_NUMBER: _ClassVar[int]
    FPIR_FIELD_NUMBER: _ClassVar[int]
    SECOND_SCORE_FIELD_NUMBER: _ClassVar[int]
    face: _face_pb2.Face
    person_id: str
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    threshold: float
    fmr: float
    fpir: float
    second_score: float
    def __init__(self, face: _Optional[_Union[_face_pb2.Face, _Mapping]] = ..., person_id: _Optional[str] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., threshold: _Optional[float] = ..., fmr: _Optional[float] = ..., fpir: _Optional[float] = ..., second_score: _Optional[float] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("person_id", "image", "decision", "largest_face")
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    LARGEST_FACE_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    image: bytes
    decision: _face_pb2.Decision
    largest_face: bool
    def __init__(self, person_id: _Optional[str] = ..., image: _Optional[bytes] = ..., decision: _Optional[_Union[_face_pb2.Decision, _Mapping]] = ..., largest_face: _Optional[bool] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("verdict", "probe")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    verdict: _face_pb2.Verdict
    probe: _face_pb2.Face
    def __init__(self, verdict: _Optional[_Union[_face_pb2.Verdict, _Mapping]] = ..., probe: _Optional[_Union[_face_pb2.Face, _Mapping]] = ...) -> None: ...

class GetPersonRequest(_message.Message):
    __slots__ = ("person_id",)
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    def __init__(self, person_id: _Optional[str] = ...) -> None: ...

class GetPersonResponse(_message.Message):
    __slots__ = ("person",)
    PERSON_FIELD_NUMBER: _ClassVar[int]
    person: Person
    def __init__(self, person: _Optional[_Union[Person, _Mapping]] = ...) -> None: ...

class ListPeopleRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPeopleResponse(_message.Message):
    __slots__ = ("people", "next_page_token")
    PEOPLE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    people: _containers.RepeatedCompositeFieldContainer[Person]
    next_page_token: str
    def __init__(self, people: _Optional[_Iterable[_Union[Person, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeletePersonRequest(_message.Message):
    __slots__ = ("person_id",)
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    person_id: str
    def __init__(self, person_id: _Optional[str] = ...) -> None: ...

class DeletePersonResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: DeletionReceipt
    def __init__(self, receipt: _Optional[_Union[DeletionReceipt, _Mapping]] = ...) -> None: ...

class DeleteFaceRequest(_message.Message):
    __slots__ = ("face_id",)
    FACE_ID_FIELD_NUMBER: _ClassVar[int]
    face_id: str
    def __init__(self, face_id: _Optional[str] = ...) -> None: ...

class DeleteFaceResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: DeletionReceipt
    def __init__(self, receipt: _Optional[_Union[DeletionReceipt, _Mapping]] = ...) -> None: ...
