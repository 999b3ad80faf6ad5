"""Batch n is always the same, every crop comes once an epoch, and a view comes round again."""

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.input import Batch, InputConfig, batches, class_labels
from tests.crops import write_crops
from tests.training_sets import made_crops, write_insightface

PLAIN = InputConfig(batch_size=7, teacher_view="plain", seed=5)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> CropSource:
    return open_crops(write_crops(tmp_path_factory.mktemp("data") / "c.zip"))


def take(crops: CropSource, config: InputConfig, count: int, first: int = 0) -> list[Batch]:
    with closing(batches(crops, config, AugmentConfig(), first=first)) as source:
        return list(islice(source, count))


def test_a_resumed_run_sees_what_an_unbroken_one_would_have_seen(crops: CropSource) -> None:
    config = InputConfig(batch_size=5, seed=3, mixup=0.4)

    unbroken = take(crops, config, 8)
    resumed = take(crops, config, 3, first=5)

    for one, other in zip(unbroken[5:], resumed, strict=True):
        np.testing.assert_array_equal(one.faces, other.faces)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_the_number_of_workers_does_not_change_the_batches(crops: CropSource) -> None:
    one, four = (take(crops, InputConfig(batch_size=6, workers=n), 4) for n in (1, 4))

    for left, right in zip(one, four, strict=True):
        np.testing.assert_array_equal(left.faces, right.faces)


def test_every_crop_comes_once_an_epoch(crops: CropSource) -> None:
    epoch = take(crops, InputConfig(batch_size=7, views=2), 4)

    seen = sorted(int(view) // 2 for batch in epoch for view in batch.view_ids)

    assert seen == list(range(28))


def test_a_view_that_comes_round_again_is_the_same_picture(crops: CropSource) -> None:
    pictures: dict[int, bytes] = {}
    repeats = 0
    for batch in take(crops, InputConfig(batch_size=7, views=2), 12):
        for view, face in zip(batch.view_ids, batch.faces, strict=True):
            repeats += int(view) in pictures
            assert pictures.setdefault(int(view), face.tobytes()) == face.tobytes()
    assert repeats == 28


def test_doubted_and_unlabelled_crops_have_no_class(crops: CropSource) -> None:
    labels, identities = class_labels(crops)

    assert identities == ["person0", "person1", "person2", "person3"]
    for crop, label in zip(crops, labels, strict=True):
        expected = identities.index(crop.identity) if crop.identity and crop.is_label_sure else -1
        assert label == expected


def test_gaps_and_held_out_people_get_no_class_and_a_single_crop_does(tmp_path: Path) -> None:
    made = made_crops({"0": 3, "4": 1, "9": 3})
    with open_crops(write_insightface(tmp_path, made)) as source:
        labels, identities = class_labels(source.subset(np.flatnonzero(source.labels != 0)))

    assert identities == ["4", "9"]
    assert labels.tolist() == [0, 1, 1, 1]


def test_a_mixed_picture_has_no_label(crops: CropSource) -> None:
    labelled = crops.subset(np.flatnonzero((crops.labels >= 0) & crops.is_label_sure))

    (batch,) = take(labelled, InputConfig(batch_size=8, mixup=0.5), 1)

    assert (batch.labels[:4] == -1).all()
    assert (batch.labels[4:] >= 0).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 1},
        {"mixup": 2.0},
        {"views": -1},
        {"mixup": 0.5, "views": 2},
        {"class_crops_min": 0},
        {"teacher_view": "mirrored"},
        {"teacher_view": "plain", "mixup": 0.5},
        {"teacher_view": "plain", "views": 2},
        {"teacher_view": "plain", "place": "device"},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid):
        InputConfig(**wrong)


def test_a_teacher_sees_the_plain_crop_and_the_student_an_augmented_one(crops: CropSource) -> None:
    for batch in take(crops, InputConfig(batch_size=7, teacher_view="plain"), 8):
        for number, shown, face in zip(batch.view_ids, batch.shown, batch.faces, strict=True):
            plain = crops[int(number)].decode()
            np.testing.assert_array_equal(shown, plain)
            assert face.shape == plain.shape
    changed = [(b.faces != b.shown).any(axis=(1, 2, 3)).mean() for b in take(crops, PLAIN, 4)]
    assert np.mean(changed) > 0.7


def test_without_plain_crops_a_teacher_sees_what_the_student_sees(crops: CropSource) -> None:
    (batch,) = take(crops, InputConfig(batch_size=7), 1)

    assert batch.shown is batch.faces


def test_an_identity_with_few_sure_crops_is_no_class(tmp_path: Path) -> None:
    made = made_crops({"0": 3, "4": 1, "9": 2})
    with open_crops(write_insightface(tmp_path, made)) as source:
        labels, identities = class_labels(source, crops_min=2)

    assert identities == ["0", "9"]
    assert labels.tolist() == [0, 0, 0, -1, 1, 1]


def test_a_batch_larger_than_the_set_is_refused(crops: CropSource) -> None:
    with pytest.raises(ConfigInvalid, match="batch_size is 64, but there are 28"):
        take(crops, InputConfig(batch_size=64), 1)
