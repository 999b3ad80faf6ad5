"""Damaged crops are counted, named and replaced, always by the same; too many end the run."""

from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.input import Batch, InputConfig, batches
from facenet_res.data.skipped import Skipped, readable_numbers
from tests.training_sets import made_crops, write_folder

DAMAGED = ("1/0005.jpg", "2/0010.jpg")


@pytest.fixture
def crops(tmp_path: Path) -> CropSource:
    folder = write_folder(tmp_path / "set", made_crops({"0": 4, "1": 4, "2": 4}))
    (folder / DAMAGED[0]).write_bytes(b"no image")
    whole = (folder / DAMAGED[1]).read_bytes()
    (folder / DAMAGED[1]).write_bytes(whole[: len(whole) // 2])
    return open_crops(folder)


def taken(crops: CropSource, config: InputConfig, skipped: Skipped, first: int = 0) -> list[Batch]:
    made = batches(crops, config, AugmentConfig(), first=first, skipped=skipped)
    with closing(made) as source:
        return list(islice(source, 8 - first))


@pytest.mark.parametrize("views", [0, 3])
def test_damaged_crops_are_replaced_and_a_resumed_run_sees_the_same(
    crops: CropSource, views: int
) -> None:
    config = InputConfig(batch_size=6, seed=5, views=views, workers=3)
    skipped = Skipped(len(crops))

    unbroken = taken(crops, config, skipped)
    resumed = taken(crops, config, Skipped(len(crops)), first=3)

    assert set(skipped.reasons()) == set(DAMAGED)
    assert "truncated" in skipped.reasons()[DAMAGED[1]]
    for one, other in zip(unbroken[3:], resumed, strict=True):
        np.testing.assert_array_equal(one.faces, other.faces)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.view_ids, other.view_ids)


def test_label_and_view_are_those_of_the_crop_that_stands_in(crops: CropSource) -> None:
    config = InputConfig(batch_size=12, views=1)
    nothing = AugmentConfig(strength=0.0, flip=0.0)

    with closing(batches(crops, config, nothing)) as source:
        (batch,) = islice(source, 1)

    assert len(set(batch.view_ids.tolist())) < 12
    for face, label, view in zip(batch.faces, batch.labels, batch.view_ids.tolist(), strict=True):
        np.testing.assert_array_equal(face, crops[view].decode())
        assert label == crops.labels[view]


def test_what_was_skipped_is_kept_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "skipped.txt"
    Skipped(100, path).add("a.jpg", "two\nlines")

    again = Skipped(100, path)
    again.add("a.jpg", "again")
    again.add("b.jpg", "gone")

    assert again.reasons() == {"a.jpg": "two lines", "b.jpg": "gone"}
    assert path.read_text().splitlines() == ["a.jpg\ttwo lines", "b.jpg\tgone"]


@pytest.mark.parametrize(("total", "allowed"), [(50, 16), (5000, 50)])
def test_too_many_end_the_run(total: int, allowed: int) -> None:
    skipped = Skipped(total)
    for number in range(allowed):
        skipped.add(f"{number}.jpg", "gone")

    with pytest.raises(
        DataInvalid, match=rf"{allowed + 1} crops .* limit is {allowed} .*last is x"
    ):
        skipped.add("x", "gone")


def test_the_readable_ones_are_found(crops: CropSource) -> None:
    skipped = Skipped(len(crops))

    kept = readable_numbers(crops, skipped)

    assert {crops.name(number) for number in kept} == {
        crops.name(number) for number in range(len(crops))
    } - set(DAMAGED)
    assert len(skipped) == 2


def test_a_set_of_nothing_but_damage_ends_and_says_so(tmp_path: Path) -> None:
    for number in range(40):
        file = tmp_path / "set" / "ada" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"no image")

    with pytest.raises(DataInvalid, match=r"\d+ crops could not be read, limit is 16"):
        taken(open_crops(tmp_path / "set"), InputConfig(batch_size=4), Skipped(40))
