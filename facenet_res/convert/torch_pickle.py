"""The few instructions of a pickle that a table of tensors needs; everything else is refused.

Nothing is looked up by name and nothing is called: a name that the pickle asks
for is compared with a short list, and stands for itself.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from facenet_res.core.errors import ArtifactInvalid

INSTRUCTIONS_MAX = 5_000_000
DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype("<u2"),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("u1"),
}
KNOWN_NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    *(f"torch {name}" for name in DTYPES),
}


@dataclass(frozen=True, slots=True)
class StorageRef:
    """A run of numbers in the file.

    Attributes:
        key: names it in the file.
        dtype: of its numbers.
        count: how many they are.
        is_bfloat16: whether its uint16 are the upper halves of float32.
    """

    key: str
    dtype: np.dtype[Any]
    count: int
    is_bfloat16: bool


@dataclass(frozen=True, slots=True)
class TensorRef:
    """Where in a storage a tensor lies; offset and strides count numbers, not bytes."""

    storage: StorageRef
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    text: str


class _Mark:
    """Where a run of arguments begins on the stack."""


def read_pickle(stream: IO[bytes], storages: dict[str, StorageRef] | None = None) -> Any:
    """Follows one pickle to its end and leaves the stream behind it.

    Args:
        stream: of the file; read from where it stands.
        storages: filled with every storage that is mentioned, by its key.

    Returns:
        Numbers, texts, tuples, lists, dictionaries and TensorRefs.

    Raises:
        ArtifactInvalid: an instruction or a name is not one that tensors need, or it is cut off.
    """
    machine = _Machine({} if storages is None else storages)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > INSTRUCTIONS_MAX:
                raise ArtifactInvalid(f"the pickle has over {INSTRUCTIONS_MAX} instructions")
            machine.step(opcode.name, argument)
        return machine.pop()
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise ArtifactInvalid(f"the pickle is cut off or damaged: {error}") from error


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self, storages: dict[str, StorageRef]) -> None:
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}
        self._storages = storages

    def pop(self) -> Any:
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        """One instruction."""
        if name in _LITERALS:
            self._stack.append(argument)
        elif name in _MAKERS:
            self._stack.append(_MAKERS[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise ArtifactInvalid(
                f"the pickle holds the instruction {name}, which tensors do not need: it may carry "
                "code and is not read; save the weights alone, as a state_dict"
            )

    def global_name(self, argument: Any) -> None:
        self._stack.append(_known_name(str(argument)))

    def stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self._stack.append(_known_name(f"{module} {name}"))

    def put(self, argument: int) -> None:
        self._memory[argument] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memory[len(self._memory)] = self._stack[-1]

    def get(self, argument: int) -> None:
        self._stack.append(self._memory[argument])

    def to_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def short_tuple(self, size: int) -> None:
        items = self._stack[len(self._stack) - size :]
        del self._stack[len(self._stack) - size :]
        self._stack.append(tuple(items))

    def append(self, _: Any) -> None:
        item = self.pop()
        self._container(list).append(item)

    def appends(self, _: Any) -> None:
        items = self._since_mark()
        self._container(list).extend(items)

    def set_item(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self._container(dict)[key] = value

    def set_items(self, _: Any) -> None:
        items = self._since_mark()
        self._container(dict).update(zip(items[::2], items[1::2], strict=True))

    def build(self, _: Any) -> None:
        """An attribute such as `_metadata` is dropped: no object here has attributes."""
        self.pop()
        self._container(dict)

    def reduce(self, _: Any) -> None:
        arguments, name = self.pop(), self.pop()
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise ArtifactInvalid("the pickle calls something that has no name")
        self._stack.append(_called(name.text, arguments))

    def persistent(self, _: Any) -> None:
        kind, storage_type, key, _location, count, *_view = self.pop()
        dtype_name = storage_type.text.removeprefix("torch ")
        if kind != "storage" or dtype_name not in DTYPES or not isinstance(count, int) or count < 0:
            raise ArtifactInvalid(f"the pickle refers to {kind!r} of type {storage_type}")
        is_bfloat16 = dtype_name == "BFloat16Storage"
        ref = StorageRef(str(key), DTYPES[dtype_name], count, is_bfloat16)
        self._storages[ref.key] = ref
        self._stack.append(ref)

    def _since_mark(self) -> list[Any]:
        place = max(n for n, item in enumerate(self._stack) if isinstance(item, _Mark))
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _container(self, kind: type[Any]) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise ArtifactInvalid(f"the pickle fills a {type(self._stack[-1]).__name__}")
        return self._stack[-1]


def _known_name(text: str) -> _Name:
    if text not in KNOWN_NAMES:
        raise ArtifactInvalid(
            f"the pickle asks for {text.replace(' ', '.')}, which may run code, and is not read; "
            "save the weights alone: torch.save(model.state_dict(), FILE)"
        )
    return _Name(text)


def _called(name: str, arguments: tuple[Any, ...]) -> Any:
    """What a call of a known name stands for."""
    if name == "collections OrderedDict" and not arguments:
        return {}
    if name == "torch._utils _rebuild_tensor_v2":
        storage, offset, shape, strides = arguments[:4]
        is_whole = all(isinstance(one, int) for one in (offset, *shape, *strides))
        if isinstance(storage, StorageRef) and is_whole and min((0, *shape)) == 0:
            return TensorRef(storage, offset, tuple(shape), tuple(strides))
    if name == "torch._utils _rebuild_parameter" and isinstance(arguments[0], TensorRef):
        return arguments[0]
    raise ArtifactInvalid(f"the pickle calls {name.replace(' ', '.')} with unknown arguments")


_LITERALS = {
    *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES"),
}
_MAKERS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": _Mark,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "GLOBAL": _Machine.global_name,
    "STACK_GLOBAL": _Machine.stack_global,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "TUPLE": _Machine.to_tuple,
    "TUPLE1": lambda machine, _: machine.short_tuple(1),
    "TUPLE2": lambda machine, _: machine.short_tuple(2),
    "TUPLE3": lambda machine, _: machine.short_tuple(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "BUILD": _Machine.build,
    "REDUCE": _Machine.reduce,
    "BINPERSID": _Machine.persistent,
}
