"""The restricted unpickler: plain values out of a pickle, whose code never runs.

A pickle is a program that imports names and calls them. Here every name is looked up in the
caller's table, where it stands for a function of ours; any other name ends the reading. The
opcodes are listed first, without running them, since a few bytes could otherwise
allocate gigabytes.
"""

import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, NamedTuple

from facenet_res.core.errors import DataInvalid

OPCODES_MAX: Final = 5_000_000
# They look into a registry of the process, past `find_class`.
REFUSED: Final = frozenset({"EXT1", "EXT2", "EXT4"})
PUTS: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})

Names = Mapping[str, Callable[..., Any] | None]
"""What a pickle's names stand for, as `module.name`; None is a name that is never called."""


class Name(NamedTuple):
    """Stands for a name of the pickle. A tuple, so that the pickle cannot change it."""

    text: str
    function: Callable[..., Any] | None

    def __call__(self, *arguments: Any) -> Any:
        """Calls our function."""
        if self.function is None:
            raise ValueError(f"{self.text} is called")
        return self.function(*arguments)


def read_plain(
    stream: IO[bytes],
    names: Names,
    referred: Callable[[Any], Any] | None = None,
    *,
    encoding: str = "bytes",
) -> Any:
    """The value of one pickle; the stream is left behind it.

    Args:
        stream: seekable; a read beyond its end must not allocate what is not there, so a file is
            given as its bytes or as a memory map.
        names: functions that return plain values, or objects without attributes.
        referred: returns what a persistent id stands for.
        encoding: of Python 2's str; "bytes" leaves them as they are.

    Raises:
        DataInvalid: the pickle is corrupt or truncated, or names anything else.
    """
    start = stream.tell()
    try:
        _check_opcodes(stream)
        stream.seek(start)
        return _Unpickler(stream, names, referred, encoding).load()
    # Unpickling corrupt bytes raises nearly anything; its documentation gives no complete list.
    except Exception as error:
        raise DataInvalid(
            f"not a pickle of plain values: {error or type(error).__name__}; nothing of it was run"
        ) from error


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        stream: IO[bytes],
        names: Names,
        referred: Callable[[Any], Any] | None,
        encoding: str,
    ) -> None:
        super().__init__(stream, encoding=encoding)
        self._names = names
        self._referred = referred

    def find_class(self, module: str, name: str, /) -> Name:
        """Imports nothing: the name's stand-in, if the table has one."""
        text = f"{module}.{name}"
        if text not in self._names:
            raise ValueError(f"it names {text:.80}, which may run code")
        return Name(text, self._names[text])

    def persistent_load(self, reference: Any, /) -> Any:
        """Looks a persistent id up by the caller's function."""
        if self._referred is None:
            raise ValueError("it refers to values outside itself")
        return self._referred(reference)


def _check_opcodes(stream: IO[bytes]) -> None:
    for count, (opcode, argument, position) in enumerate(pickletools.genops(stream)):
        if count > OPCODES_MAX:
            raise ValueError(f"it has more than {OPCODES_MAX} opcodes")
        if opcode.name in REFUSED:
            raise ValueError(f"opcode {opcode.name} at byte {position}")
        # The unpickler's memory is an array as long as the greatest index.
        if opcode.name in PUTS and not 0 <= int(argument or 0) <= count:
            raise ValueError(f"memo index {argument} at byte {position}, limit is {count}")
