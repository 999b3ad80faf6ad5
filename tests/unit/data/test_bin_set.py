"""Verification sets in every form they are pickled in, and pickles that want more than that."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.bin_set import read_bin_set

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
    with pytest.raises(DataInvalid, match=r"names (posix|nt)\.system.*nothing of it was run"):
        read_bin_set(path)
    assert not mark.exists()


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
        (([{}, b"b"], [True]), "image 0 should be bytes; got a dict"),
        ({1: [b"a", b"b"], 2: [True]}, "a list of images and one of answers"),
        (([np.zeros(3)], [True]), "not a pickle of plain values: it holds an array of type f8"),
        (([np.array([{}, 1], object)], [True]), "an array of type O8"),
        (([np.zeros((2, 2), np.uint8)], [True]), r"an array of shape \(2, 2\) with 4 bytes"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        read_bin_set(written(tmp_path / "set.bin", value))


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"absent\.bin"):
        read_bin_set(tmp_path / "absent.bin")
