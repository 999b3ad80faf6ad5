"""The values that dlib's files are made of: whole numbers, fractions, texts, tensors.

Nothing in such a file is a program, and nothing is executed. Every length is held
to what is left of the file before anything is made of it.

Source: dlib/serialize.h (`pack_int`, floats as mantissa and exponent), dlib/float_details.h and
dlib/dnn/tensor.h (`serialize` of a tensor and of an alias_tensor).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid

INT_BYTES_MAX: Final = 8
EXPONENT_MAX: Final = 1100
"""Beyond it dlib keeps its marks for infinity and for what is no number."""
TEXT_BYTES_MAX: Final = 64
TENSOR_VERSION: Final = 2
ALIAS_VERSION: Final = 1

Array = NDArray[np.float32]


class DlibStream:
    """Reads one value after the other.

    Raises, from every method:
        ArtifactInvalid: the file ends within the value, or the bytes are no such value.
    """

    def __init__(self, data: bytes) -> None:
        """Begins at the first byte."""
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._at

    def integer(self) -> int:
        """A control byte, sign and number of bytes, then these, the lowest first."""
        control = self._bytes(1)[0]
        count = control & 0x0F
        if control & 0x70 or not 1 <= count <= INT_BYTES_MAX:
            raise self.fault(f"{control:#04x} begins no whole number")
        value = int.from_bytes(self._bytes(count), "little")
        return -value if control & 0x80 else value

    def expect(self, value: int, what: str) -> None:
        """Reads a whole number that has to be `value`."""
        found = self.integer()
        if found != value:
            raise self.fault(f"{what} is {found}, only {value} can be read")

    def fraction(self) -> float:
        """A mantissa and the exponent of 2 that it is multiplied by."""
        mantissa, exponent = self.integer(), self.integer()
        if abs(exponent) > EXPONENT_MAX:
            raise self.fault(f"a fraction has the exponent {exponent}, limit is {EXPONENT_MAX}")
        return math.ldexp(mantissa, exponent)

    def text(self) -> str:
        """A length, then ASCII."""
        count = self.integer()
        if not 0 <= count <= TEXT_BYTES_MAX:
            raise self.fault(f"a text of {count} bytes, limit is {TEXT_BYTES_MAX}")
        try:
            return self._bytes(count).decode("ascii")
        except UnicodeDecodeError as error:
            raise self.fault(f"no ASCII text: {error}") from error

    def expect_text(self, text: str) -> None:
        """Reads a text that has to be `text`."""
        found = self.text()
        if found != text:
            raise self.fault(f"{found!r} stands where {text!r} is due")

    def flag(self) -> bool:
        """The letter 1 or 0."""
        letter = self._bytes(1)
        if letter not in (b"0", b"1"):
            raise self.fault(f"{letter!r} is neither yes nor no")
        return letter == b"1"

    def tensor(self) -> Array:
        """float32 of four axes: samples, channels, rows, columns; any may be 0."""
        self.expect(TENSOR_VERSION, "a tensor's version")
        shape = self._shape()
        values = np.frombuffer(self._bytes(4 * math.prod(shape)), "<f4").reshape(shape)
        if not np.isfinite(values).all():
            raise self.fault(f"a tensor of shape {shape} holds values that are no finite numbers")
        return values.astype(np.float32)

    def alias(self) -> tuple[int, ...]:
        """The shape by which part of another tensor is seen."""
        self.expect(ALIAS_VERSION, "an alias' version")
        return self._shape()

    def fault(self, what: str) -> ArtifactInvalid:
        """The error that says what is wrong, and before which byte."""
        return ArtifactInvalid(f"{what} (before byte {self._at})")

    def _shape(self) -> tuple[int, ...]:
        shape = tuple(self.integer() for _ in range(4))
        if min(shape) < 0:
            raise self.fault(f"a tensor of shape {shape}")
        return shape

    def _bytes(self, count: int) -> bytes:
        if count > self.left:
            raise self.fault(f"the file is cut off: {count} bytes are due, {self.left} are left")
        self._at += count
        return self._data[self._at - count : self._at]
