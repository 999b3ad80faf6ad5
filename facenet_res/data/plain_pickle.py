"""Plain values out of a pickle, without running anything in it.

A pickle is a program; unpickling runs it, and with it whatever its writer liked. Here each step is
looked at instead: lists, tuples, bytes, texts, numbers, booleans and NumPy's byte arrays are put
together by our own code, and every other step ends the reading. No object of a pickle's choice is
made, called or imported.

Source:
    `pickletools` of Python's standard library describes each step. NumPy arrays are written as
    `_reconstruct` and a state (protocols 0 to 4) or as `_frombuffer` (protocol 5).
"""

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from facenet_res.core.errors import DataInvalid

BYTE_TYPES: Final = frozenset({"u1", "|u1", "uint8"})
BOOL_TYPES: Final = frozenset({"b1", "|b1", "bool"})

CONSTANTS: Final = {"NEWTRUE": True, "NEWFALSE": False, "NONE": None}
VALUES: Final = frozenset({
    "INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "UNICODE", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
# Python 2's str, which pickletools gives as Latin-1 text.
OLD_STRINGS: Final = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING"})
IGNORED: Final = frozenset({"PROTO", "FRAME", "STOP"})
PUTS: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
GETS: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
TUPLES: Final = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Mark:
    """Where a list or tuple begins on the stack."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that the pickle would import; it stays a name."""

    text: str


@dataclass(slots=True)
class _Array:
    """An array in the making."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A NumPy type, such as "u1"."""

    code: str


class _Refused(Exception):
    """A step that plain values do not need."""


def read_plain(data: bytes, source: str) -> Any:
    """The value of a pickle made of plain parts; byte arrays of NumPy become bytes.

    Args:
        data: the whole file.
        source: what messages call it.

    Raises:
        DataInvalid: the bytes are no whole pickle, or it asks for anything but plain values; the
            message names the step and its place.
    """
    reader = _Reader()
    step, place = "its start", 0
    try:
        for opcode, argument, position in pickletools.genops(io.BytesIO(data)):
            step, place = opcode.name, position or 0
            reader.take(opcode.name, argument)
        return reader.result()
    except _Refused as error:
        raise DataInvalid(
            f"{source} is a pickle that asks for more than lists, tuples, bytes, booleans and byte "
            f"arrays: {error} (step {step} at byte {place}); nothing of it was run"
        ) from error
    # What pickletools and a stack that runs empty raise at damage.
    except (ValueError, IndexError, KeyError, TypeError, UnicodeError, OverflowError) as error:
        raise DataInvalid(
            f"{source} is no whole pickle: {error} (step {step} at byte {place})"
        ) from error


class _Reader:
    """The stack and the memory of a pickle, holding plain values only."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}

    def result(self) -> Any:
        if len(self._stack) != 1:
            raise ValueError(f"it ends with {len(self._stack)} values, not 1")
        return _finished(self._stack[0])

    def take(self, step: str, argument: Any) -> None:
        """One step; those that `_STEPS` lacks are simple enough to stand here."""
        stack = self._stack
        if step in VALUES:
            stack.append(bytes(argument) if isinstance(argument, bytearray) else argument)
        elif step in CONSTANTS:
            stack.append(CONSTANTS[step])
        elif step in OLD_STRINGS:
            stack.append(argument.encode("latin-1"))
        elif step in PUTS:
            self._memory[int(argument)] = stack[-1]
        elif step in GETS:
            stack.append(self._memory[int(argument)])
        elif step in TUPLES:
            self._make_tuple(TUPLES[step])
        elif step in _STEPS:
            _STEPS[step](self, argument)
        elif step not in IGNORED:
            raise _Refused(f"a step {step}")

    def _make_tuple(self, length: int) -> None:
        items = tuple(self._stack[len(self._stack) - length :])
        if len(items) != length:
            raise ValueError(f"a tuple of {length} values has {len(items)}")
        del self._stack[len(self._stack) - length :]
        self._stack.append(items)

    def _since_mark(self) -> list[Any]:
        """The values above the last mark, which is taken away with them."""
        for index in range(len(self._stack) - 1, -1, -1):
            if isinstance(self._stack[index], _Mark):
                items = self._stack[index + 1 :]
                del self._stack[index:]
                return items
        raise ValueError("a list or tuple without a beginning")

    def append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise _Refused(f"adding to a {type(target).__name__}")
        target.extend(items)

    def mark(self, _: Any) -> None:
        self._stack.append(_Mark())

    def empty_list(self, _: Any) -> None:
        self._stack.append([])

    def marked_list(self, _: Any) -> None:
        self._stack.append(self._since_mark())

    def marked_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def memoize(self, _: Any) -> None:
        self._memory[len(self._memory)] = self._stack[-1]

    def named(self, argument: Any) -> None:
        # pickletools joins module and name by a space.
        self._stack.append(_allowed(str(argument).replace(" ", ".")))

    def named_on_stack(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(_allowed(f"{module}.{name}"))

    def reduce(self, _: Any) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if not isinstance(name, _Name) or name.text not in _CALLS:
            raise _Refused("a call of what is no function")
        if not isinstance(arguments, tuple):
            raise _Refused("a call without arguments")
        self._stack.append(_CALLS[name.text](*arguments))

    def build(self, _: Any) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, _Array):
            target.data = _array_bytes(state)
        elif not isinstance(target, _Kind):  # a type's state is its byte order: bytes have none
            raise _Refused(f"changing a {type(target).__name__}")


_STEPS: Final[dict[str, Callable[[_Reader, Any], None]]] = {
    "MARK": _Reader.mark,
    "EMPTY_LIST": _Reader.empty_list,
    "LIST": _Reader.marked_list,
    "TUPLE": _Reader.marked_tuple,
    "APPEND": _Reader.append,
    "APPENDS": _Reader.appends,
    "MEMOIZE": _Reader.memoize,
    "GLOBAL": _Reader.named,
    "STACK_GLOBAL": _Reader.named_on_stack,
    "REDUCE": _Reader.reduce,
    "BUILD": _Reader.build,
}


def _finished(value: Any) -> Any:
    """Byte arrays as bytes, in the outermost tuple or list and in the lists and tuples in it."""
    if not isinstance(value, list | tuple):
        return _bare(value)
    return tuple(
        [_bare(item) for item in part] if isinstance(part, list | tuple) else _bare(part)
        for part in value
    )


def _bare(value: Any) -> Any:
    if isinstance(value, _Mark | _Name | _Kind):
        raise ValueError("it holds a part of a value, not a value")
    return value.data if isinstance(value, _Array) else value


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Protocol 2 writes Python 3's bytes as a text to encode."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Refused(f"an encoding {encoding!r}")
    return text.encode("latin-1")


def _empty(*arguments: Any) -> bytes:
    if arguments:
        raise _Refused("bytes of a value")
    return b""


def _kind(code: Any, *_: Any) -> _Kind:
    text = code.decode("latin-1") if isinstance(code, bytes) else str(code)
    if text not in BYTE_TYPES | BOOL_TYPES:
        raise _Refused(f"an array of type {text!r:.40}")
    return _Kind(text)


def _array_bytes(state: Any) -> bytes:
    """The bytes of a NumPy array's state: version, shape, type, order, data."""
    if not isinstance(state, tuple) or len(state) != 5:
        raise _Refused("an array of unknown form")
    _, shape, kind, _, data = state
    return _checked_bytes(data, kind, shape)


def _from_buffer(data: Any, kind: Any, shape: Any, _: Any = "C") -> _Array:
    return _Array(_checked_bytes(data, kind, shape))


def _checked_bytes(data: Any, kind: Any, shape: Any) -> bytes:
    if not isinstance(kind, _Kind) or not isinstance(data, bytes):
        raise _Refused("an array of anything but bytes")
    if not isinstance(shape, tuple) or len(shape) != 1 or shape[0] != len(data):
        raise _Refused(f"an array of shape {shape!r:.40} with {len(data)} bytes")
    return data


def _scalar(kind: Any, data: Any) -> bool:
    if not isinstance(kind, _Kind) or kind.code not in BOOL_TYPES or len(data) != 1:
        raise _Refused("a number of NumPy that is no boolean")
    return bool(data[0])


def _new_array(*_: Any) -> _Array:
    return _Array()


_CALLS: Final[dict[str, Callable[..., Any]]] = {
    "_codecs.encode": _encoded,
    "__builtin__.bytes": _empty,
    "builtins.bytes": _empty,
    "numpy.dtype": _kind,
    # Before and since NumPy 2.
    "numpy.core.multiarray._reconstruct": _new_array,
    "numpy._core.multiarray._reconstruct": _new_array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy._core.numeric._frombuffer": _from_buffer,
}


def _allowed(name: str) -> _Name:
    """The name, if it is one of those that bytes and byte arrays are written with."""
    if name not in _CALLS and name != "numpy.ndarray":
        raise _Refused(f"the name {name:.80}")
    return _Name(name)
