"""Verification sets in every form they are pickled in, and pickles that want more than that."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.bin_set import read_bin_set
from facenet_res.data.plain_pickle import read_plain

IMAGES = (b"abc", b"\xff\x00q", b"", b"abc")
PYTHON_2 = (  # pickle.dumps((['ab', 'c\xff'], [True]), 2) by Python 2.7
    b"\x80\x02]q\x00(U\x02abq\x01U\x02c\xffq\x02e]q\x03\x88a\x86q\x04."
)


def as_bytes(data: bytes) -> Any:
    return data


def as_array(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8).copy()


def written(path: Path, value: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("form", [as_bytes, as_array])
@pytest.mark.parametrize(
    "answers", [[True, False], [np.True_, np.False_], np.array([True, False]), [1, 0]]
)
def test_all_forms_read_the_same(tmp_path: Path, protocol: int, form: Any, answers: Any) -> None:
    path = written(tmp_path / "set.bin", ([form(each) for each in IMAGES], answers), protocol)
    pairs = read_bin_set(path)
    assert pairs.images == IMAGES
    assert pairs.is_same.tolist() == [True, False]


def test_a_set_of_python_2_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(PYTHON_2)
    pairs = read_bin_set(tmp_path / "old.bin")
    assert pairs.images == (b"ab", b"c\xff")


class Harmful:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_of_a_harmful_pickle_is_run(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "was_here"
    path = written(tmp_path / "evil.bin", ([Harmful(mark)], [True]), protocol)
    with pytest.raises(DataInvalid, match=r"the name (posix|nt)\.system .*nothing of it was run"):
        read_bin_set(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'id'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct\nc__builtin__\nlist\n(tR.",
        b"(i__main__\nX\n.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"\x80\x02}q\x00.",
        b"\x80\x02(X\x01\x00\x00\x00aX\x01\x00\x00\x00bd.",
        b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.",
        b"]K\x01b.",
        b"K\x01K\x02a.",
        b"cnumpy\nndarray\n(tR.",
        b"cnumpy\ndtype\n(X\x01\x00\x00\x00OtR.",
        pickle.dumps(np.array([{}, 1], object)),
        pickle.dumps(np.zeros(3)),
        pickle.dumps({1, 2}),
        pickle.dumps(Path),
    ],
)
def test_whatever_is_not_plain_is_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match="asks for more than"):
        read_plain(data, "x")


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"no pickle", b"\x80\x04B\xff\xff\xff\x7f", b"a.", b"e.", b"(.", b"h\x05.",
     b"K\x01K\x02.", b"\x85.", b"c_codecs\nencode\n)R."],
)  # fmt: skip
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match="no whole pickle"):
        read_plain(data, "x")


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_plain(data, "x")
    except DataInvalid:
        return


@given(st.data())
def test_a_flipped_byte_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(([as_array(each) for each in IMAGES], [True, np.False_])))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_plain(bytes(whole), "x")
    except DataInvalid:
        return


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[b"a", b"b"]], "a list of images and one of answers"),
        (([b"a"], [True]), "two images for each answer.*got 1 images and 1 answers"),
        (([], []), "at least one"),
        (([b"a", "b"], [True]), "image 1 should be bytes; got a str"),
        (([b"a", b"b"], [2]), "answer 0 should be true or false; got 2"),
        (([b"a", b"b"], [None]), "answer 0"),
        (([b"a", b"b"], 1), "list of answers; got a int"),
        ((b"ab", [True]), "list of images; got a bytes"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        read_bin_set(written(tmp_path / "set.bin", value))


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"absent\.bin"):
        read_bin_set(tmp_path / "absent.bin")
