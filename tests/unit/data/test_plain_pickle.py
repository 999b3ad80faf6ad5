"""A pickle yields plain values or an error; names stay names, and sizes are checked first."""

import copyreg
import io
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.errors import DataInvalid
from facenet_res.data.plain_pickle import read_plain

VALUES = [1, -(2**70), 0.5, True, None, "text", b"bytes", (1, (2, "three")), {"key": [1]}, {4}]


def fixed(*arguments: object) -> list[object]:
    return list(arguments)


NAMES = {"ours.call": fixed, "ours.name": None}


def read(data: bytes) -> Any:
    return read_plain(io.BytesIO(data), NAMES)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_plain_values_are_read(protocol: int) -> None:
    names = {"_codecs.encode": lambda text, _: text.encode("latin-1"), "builtins.set": set}
    names["__builtin__.set"] = set
    data = pickle.dumps(VALUES, protocol)

    assert read_plain(io.BytesIO(data), names) == VALUES


def test_a_name_stands_for_the_function_in_the_table() -> None:
    assert read(b"cours\ncall\n(K\x01K\x02tR.") == [1, 2]


def test_the_stream_is_left_behind_the_pickle() -> None:
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps([2]) + b"rest")

    assert [read_plain(stream, NAMES), read_plain(stream, NAMES)] == [[1], [2]]
    assert stream.read() == b"rest"


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'id'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(i__main__\nX\n.",
        b"(cos\nsystem\nS'id'\no.",
        pickle.dumps(Path),
        pickle.dumps(Path()),
        pickle.dumps(object()),
        pickle.dumps(os.system),
    ],
)
def test_another_name_is_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match="which may run code; nothing of it was run"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        # A call of what is never called, and of what is no name.
        b"cours\nname\n)R.",
        b"K\x01)R.",
        # A new object of a name.
        b"\x80\x02cours\ncall\n)\x81.",
        # Changes of a name, in both ways that a pickle has.
        b"cours\ncall\n}S'function'\nNsb.",
        b"cours\ncall\n(N}S'function'\nNstb.",
        # Changes of values that have no state.
        b"]K\x01b.",
        b"K\x01K\x02a.",
        # Values outside the pickle.
        b"Pname\n.",
        b"K\x01Q.",
        b"\x80\x05\x97.",
    ],
)
def test_what_plain_values_do_not_need_is_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match=r"not a pickle of plain values: .*nothing of it was run"):
        read(data)


def test_the_registry_of_extensions_is_not_used() -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        copyreg._extension_cache[240] = os.system  # As any earlier unpickling leaves it.
        with pytest.raises(DataInvalid, match="opcode EXT1 at byte 2"):
            read(b"\x80\x02\x82\xf0.")
    finally:
        copyreg.remove_extension("os", "system", 240)


@pytest.mark.parametrize(
    "data",
    [
        b"K\x01r\xff\xff\xff\x7f.",
        b"K\x01p2147483647\n.",
        b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x04\x95" + (2**40).to_bytes(8, "little") + b"N.",
    ],
)
def test_a_length_beyond_the_pickle_allocates_nothing(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DataInvalid):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"no pickle", b"\x80\x04B\xff\xff\xff\x7f", b"a.", b"e.", b"(.", b"h\x05.",
     b"\x85.", b"\x80\x7fN."],
)  # fmt: skip
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match="not a pickle of plain values"):
        read(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except DataInvalid:
        return


@given(st.data())
def test_a_flipped_byte_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(VALUES))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole))
    except DataInvalid:
        return
