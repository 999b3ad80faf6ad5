"""The part of protocol buffers that a `tf.train.Example` is made of, read without TensorFlow.

    message Example  { Features features = 1; }
    message Features { map<string, Feature> feature = 1; }      (an entry: key = 1, value = 2)
    message Feature  { oneof { BytesList = 1; FloatList = 2; Int64List = 3; } }
    message ...List  { repeated ... value = 1; }                (numbers packed, or one by one)

Source:
    tensorflow/core/example/{example,feature}.proto; https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator
from typing import Final

from facenet_res.core.errors import DataInvalid

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_BYTES_LIST: Final = 1
_INT64_LIST: Final = 3
_VARINT_BYTES_MAX: Final = 10

Value = bytes | int
"""The first value of a feature; of several a crop needs no more than one."""


def read_example(data: bytes) -> dict[str, Value]:
    """The first value of every feature that holds bytes or integers.

    Floats and empty features are left out.

    Raises:
        DataInvalid: the bytes are no whole Example.
    """
    found: dict[str, Value] = {}
    view = memoryview(data)
    for number, features in _fields(view):
        if number != 1:
            continue
        for _, entry in _messages(features):
            key, value = "", None
            for part, content in _messages(entry):
                if part == 1:
                    key = _text(content)
                elif part == 2:
                    value = _first_value(content)
            if value is not None:
                found[key] = value
    return found


def _first_value(feature: memoryview) -> Value | None:
    for kind, values in _messages(feature):
        for number, content in _fields(values):
            if number != 1:
                continue
            if kind == _BYTES_LIST and isinstance(content, memoryview):
                return bytes(content)
            if kind == _INT64_LIST:
                raw = _varint(content, 0)[0] if isinstance(content, memoryview) else content
                return raw - (1 << 64) if raw >> 63 else raw
    return None


def _messages(data: memoryview | int) -> Iterator[tuple[int, memoryview]]:
    """The fields that are themselves messages, texts or bytes."""
    for number, content in _fields(data):
        if isinstance(content, memoryview):
            yield number, content


def _fields(data: memoryview | int) -> Iterator[tuple[int, memoryview | int]]:
    """Number and content of each field: bytes, or a number."""
    if isinstance(data, int):
        raise DataInvalid("a number stands where a message is expected")
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, position = _varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise DataInvalid(f"wire type {kind} at byte {position}, known are 0, 1, 2 and 5")
        if position + size > end:
            raise DataInvalid(f"a field of {size} bytes at byte {position} of {end}")
        yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the position behind it."""
    value = 0
    for index, byte in enumerate(data[position : position + _VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise DataInvalid(f"a number at byte {position} of {len(data)} does not end")


def _text(data: memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise DataInvalid("the name of a feature is no UTF-8") from error
