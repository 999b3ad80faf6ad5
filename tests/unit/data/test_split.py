"""No person is on both sides of the split, and the choice is the same everywhere."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import open_crops
from facenet_res.data.split import split_by_identity
from tests.crops import write_crops
from tests.training_sets import made_crops, write_insightface, write_zip


def test_held_out_people_and_strangers_are_never_trained_on(tmp_path: Path) -> None:
    crops = open_crops(write_crops(tmp_path / "c.zip", identities=8, crops=5, unlabelled=10))

    split = split_by_identity(crops, identities=3, crops_min=5, unlabelled=4)

    trained = {crop.identity for crop in split.train}
    held_out = {crop.identity for crop in split.validation}
    assert len(held_out) == 3
    assert not trained & held_out
    assert len(split.groups) == 4
    assert not {c.name for c in split.groups} & {c.name for c in split.train}


def test_the_order_of_the_crops_does_not_matter(tmp_path: Path) -> None:
    crops = open_crops(write_crops(tmp_path / "c.zip", identities=8))
    shuffled = crops.subset(np.arange(len(crops))[::-1])

    one, other = (
        split_by_identity(c, identities=3, crops_min=2, unlabelled=2) for c in (crops, shuffled)
    )

    assert {c.name for c in one.validation} == {c.name for c in other.validation}
    assert {c.name for c in one.groups} == {c.name for c in other.groups}


def test_a_doubted_label_is_not_judged_by(tmp_path: Path) -> None:
    crops = open_crops(write_crops(tmp_path / "c.zip"))

    split = split_by_identity(crops, identities=4, crops_min=2, unlabelled=0)

    assert "person0/0.jpg" not in {crop.name for crop in split.validation}


def test_identities_that_are_numbers_are_held_out_by_their_number(tmp_path: Path) -> None:
    made = made_crops({str(number): 3 for number in (0, 2, 5, 9, 11, 12)})
    by_name, by_label = (
        split_by_identity(open_crops(path), identities=3, crops_min=2, unlabelled=0)
        for path in (
            write_zip(tmp_path / "set.zip", made),
            write_insightface(tmp_path / "rec", made),
        )
    )

    held = [{crop.identity for crop in each.validation} for each in (by_name, by_label)]

    assert held[0] == held[1]
    assert len(held[0]) == 3
    assert not held[1] & {crop.identity for crop in by_label.train}
    assert len(by_label.train) + len(by_label.validation) == len(made)


def test_too_few_identities_are_counted(tmp_path: Path) -> None:
    crops = open_crops(write_crops(tmp_path / "c.zip", identities=2))

    with pytest.raises(DataInvalid, match=r"150 identities .* the set has 2"):
        split_by_identity(crops, identities=150, crops_min=1, unlabelled=0)
