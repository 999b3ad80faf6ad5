"""Several sets are one: people are merged by name, and who is held out stays the first set's."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import open_crops
from facenet_res.data.joined import first_set_size, open_joined
from facenet_res.data.split import split_by_identity
from tests.crops import write_crops
from tests.training_sets import made_crops, write_insightface


def test_two_sets_are_one_with_people_merged_by_name(tmp_path: Path) -> None:
    one = write_crops(tmp_path / "one.zip", identities=3, crops=2, unlabelled=1)
    more = write_crops(tmp_path / "more.zip", identities=5, crops=3, unlabelled=2, seed=1)

    with open_joined([one, more]) as joined, open_crops(one) as first, open_crops(more) as second:
        assert len(joined) == len(first) + len(second)
        assert list(joined.identities) == [f"person{number}" for number in range(5)]
        assert first_set_size(joined) == len(first)
        for number, crop in enumerate([*first, *second]):
            found = joined[number]
            assert (found.identity, found.data) == (crop.identity, crop.data)
            assert found.is_label_sure == crop.is_label_sure


def test_sets_of_other_formats_go_together(tmp_path: Path) -> None:
    names = write_crops(tmp_path / "one.zip", identities=2, crops=2, unlabelled=0)
    numbers = write_insightface(tmp_path / "rec", made_crops({"0": 2, "7": 1}))

    with open_joined([names, numbers]) as joined:
        assert list(joined.identities) == ["0", "7", "person0", "person1"]
        assert [joined.identity(number) for number in range(4, 7)] == ["0", "0", "7"]
        joined[6].decode()


def test_who_is_held_out_stays_the_choice_of_the_first_set(tmp_path: Path) -> None:
    one = write_crops(tmp_path / "one.zip", identities=6, crops=3, unlabelled=4)
    more = write_crops(tmp_path / "more.zip", identities=9, crops=4, unlabelled=4, seed=1)
    sizes = {"identities": 2, "crops_min": 3, "unlabelled": 2}

    with open_crops(one) as alone, open_joined([one, more]) as joined:
        before = split_by_identity(alone, **sizes)
        after = split_by_identity(joined, **sizes, first=first_set_size(joined))

        held_out = [crop.data for crop in before.validation]
        assert [crop.data for crop in after.validation] == held_out
        assert [crop.data for crop in after.groups] == [crop.data for crop in before.groups]
        people = {crop.identity for crop in after.validation}
        # Their crops in the second set, 4 each, are in no part.
        assert not people & {crop.identity for crop in after.train}
        assert len(after.train) == len(before.train) + len(joined) - len(alone) - 4 * len(people)


def test_a_set_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    one = write_crops(tmp_path / "one.zip")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and no more")

    with pytest.raises(FileMissing, match=r"gone\.zip"):
        open_joined([one, tmp_path / "gone.zip"])
    with pytest.raises(DataInvalid, match=r"bad\.zip"):
        open_joined([one, tmp_path / "bad.zip"])


def test_one_set_is_opened_as_it_is(tmp_path: Path) -> None:
    path = write_crops(tmp_path / "one.zip")

    with open_joined([path]) as joined, open_crops(path) as alone:
        assert first_set_size(joined) == len(joined) == len(alone)
        np.testing.assert_array_equal(joined.labels, alone.labels)
