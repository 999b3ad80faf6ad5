"""Identities get dense numbers, in an order that everybody can foretell."""

import numpy as np
import pytest

from facenet_res.data.names import Names, NumberNames, RecordNames
from facenet_res.data.records import IdentityColumn, numbered


def column(identities: list[str]) -> IdentityColumn:
    made = IdentityColumn()
    for identity in identities:
        made.add(identity)
    return made


def test_names_are_numbered_by_the_alphabet_and_nobody_is_none() -> None:
    labels, names = column(["bob", "", "ada", "bob"]).by_name()

    assert labels.tolist() == [1, -1, 0, 1]
    assert list(names) == ["ada", "bob"]


def test_numbers_are_numbered_by_size_and_gaps_are_counted() -> None:
    labels, names, gaps = column(["10", "9", "", "-1", "10"]).by_number_or_name()

    assert labels.tolist() == [1, 0, -1, -1, 1]
    assert list(names) == ["9", "10"]
    assert gaps == 9


@pytest.mark.parametrize("name", ["007", "1.0", "x1", "12345678901", "²"])
def test_one_that_is_no_plain_number_makes_all_of_them_names(name: str) -> None:
    _, names, gaps = column(["10", "9", name]).by_number_or_name()

    assert list(names) == sorted(["10", "9", name])
    assert gaps == 0


def test_labels_without_gaps_stay_what_they_are() -> None:
    labels, names, gaps = numbered(np.array([0, 1, 2, 1]))

    assert (labels.tolist(), list(names), gaps) == ([0, 1, 2, 1], ["0", "1", "2"], 0)


def test_no_records_are_no_identities() -> None:
    assert column([]).by_name()[0].tolist() == []
    assert numbered(np.empty(0, np.int64))[2] == 0


def test_names_come_back_as_they_were() -> None:
    names = Names(iter(["a", "", "Zoë", "\udcff.jpg"]))

    assert list(names) == ["a", "", "Zoë", "\udcff.jpg"]
    assert names[-1] == "\udcff.jpg"
    assert names[1:3] == ["", "Zoë"]
    with pytest.raises(IndexError):
        names[4]


def test_records_without_a_name_are_called_by_identity_and_number() -> None:
    names = RecordNames(
        NumberNames(np.array([5, 9])), np.array([1, -1], np.int32), np.array([3, 4])
    )

    assert list(names) == ["9/3", "_unlabelled/4"]
    assert names[:1] == ["9/3"]
