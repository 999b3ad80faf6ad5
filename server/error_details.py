"""Details of an error, as Google's API conventions have them: reason, field, when to come back.

Source: https://google.aip.dev/193 and google/rpc/error_details.proto.
"""

import re
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details_pb
from google.rpc.status_pb2 import Status

DETAILS_KEY: Final = "grpc-status-details-bin"
DOMAIN: Final = "facenet-res"
RETRY_S: Final = 0.2
"""A caller who is refused comes back after this time, and later if refused again."""

_RETRYABLE: Final = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
_DESCRIPTION_CHARS_MAX: Final = 500
# Messages about an argument begin with its name, or with the image that they are about.
_FIELD: Final = re.compile(r"(?:the )?([a-z][a-z_0-9]*)\b")
_IMAGE_REASON: Final = "IMAGE_"


def details_of(code: grpc.StatusCode, message: str, reason: str, request_id: str) -> bytes:
    """A google.rpc.Status with ErrorInfo, RequestInfo and, where they apply, field and wait."""
    status = Status(code=code.value[0], message=message[:_DESCRIPTION_CHARS_MAX])
    _add(status, details_pb.ErrorInfo(reason=reason, domain=DOMAIN))
    _add(status, details_pb.RequestInfo(request_id=request_id))
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        violation = details_pb.BadRequest.FieldViolation(
            field=_field_of(message, reason),
            description=message[:_DESCRIPTION_CHARS_MAX],
            reason=reason,
        )
        _add(status, details_pb.BadRequest(field_violations=[violation]))
    if code in _RETRYABLE:
        nanos = int(RETRY_S * 1e9)
        _add(status, details_pb.RetryInfo(retry_delay=Duration(nanos=nanos)))
    data: bytes = status.SerializeToString()
    return data


def _field_of(message: str, reason: str) -> str:
    if reason.startswith(_IMAGE_REASON) or reason in {"NO_FACE", "SEVERAL_FACES"}:
        found = re.match(r"the (first|second) image", message)
        return found[1] if found else "image"
    found = _FIELD.match(message)
    return found[1] if found else ""


def _add(status: Status, detail: object) -> None:
    packed = Any()
    packed.Pack(detail)  # type: ignore[arg-type]
    status.details.append(packed)
