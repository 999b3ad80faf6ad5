"""The people with the most crops, small, and batches that come again with the step's number."""

from pathlib import Path

import numpy as np
import pytest

from experiments.depth.crops import batch_at, choose_crops, shrink
from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import Crop, read_crops
from tests.crops import write_crops


def crop(identity: str, number: int, *, is_sure: bool = True) -> Crop:
    return Crop(f"{identity}/{number}.jpg", identity, is_sure, b"")


def crops_of(**counts: int) -> list[Crop]:
    return [crop(name, number) for name, count in counts.items() for number in range(count)]


def test_the_people_with_the_most_crops_are_taken_with_as_many_each() -> None:
    crops = [*crops_of(few=2, most=5, many=4, also=4), *crops_of(**{"": 9})]

    chosen = choose_crops(crops, identities=2, crops_each=3)

    assert [each.name for each in chosen] == [
        *(f"most/{number}.jpg" for number in range(3)),
        *(f"also/{number}.jpg" for number in range(3)),
    ]


def test_a_doubtful_label_does_not_count() -> None:
    crops = [*crops_of(a=2, b=1), crop("b", 1, is_sure=False)]

    with pytest.raises(DataInvalid, match="need 2 people with 2 crops or more, found 1"):
        choose_crops(crops, identities=2, crops_each=2)


def test_crops_are_averaged_down_and_numbered_by_name(tmp_path: Path) -> None:
    crops = choose_crops(read_crops(write_crops(tmp_path / "crops.zip")), 3, 5)

    small = shrink(crops)

    assert small.images.shape == (15, 32, 32, 3)
    assert small.labels.tolist() == [label for label in range(3) for _ in range(5)]
    assert small.classes == 3
    for image, each in zip(small.images, crops, strict=True):
        np.testing.assert_allclose(image.mean((0, 1)), each.decode().mean((0, 1)), atol=1)


def test_a_batch_is_a_function_of_seed_and_step(tmp_path: Path) -> None:
    small = shrink(choose_crops(read_crops(write_crops(tmp_path / "crops.zip")), 3, 5))

    first, again, later, other = (
        batch_at(small, 10, seed, step) for seed, step in ((0, 0), (0, 0), (0, 1), (1, 0))
    )

    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], later[0])
    assert not np.array_equal(first[0], other[0])
    assert first[0].dtype == np.float32
    assert np.abs(first[0]).max() <= 2


def test_each_picture_of_a_batch_is_one_of_the_set_or_its_mirror_image(tmp_path: Path) -> None:
    small = shrink(choose_crops(read_crops(write_crops(tmp_path / "crops.zip")), 3, 5))
    known = {
        image.tobytes(): label for image, label in zip(small.images, small.labels, strict=True)
    }

    images, labels = batch_at(small, 15, 0, 0)

    pixels = np.rint(images * 64 + 127.5).astype(np.uint8)
    straight = [known.get(image.tobytes()) for image in pixels]
    mirrored = [known.get(image[:, ::-1].tobytes()) for image in pixels]
    for label, one, other in zip(labels, straight, mirrored, strict=True):
        assert {label} == {one, other} - {None}
    assert 0 < sum(label is not None for label in straight) < 15
