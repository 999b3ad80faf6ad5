"""Partial FC keeps every class of the batch, draws the others fairly, and maps the labels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import ArrayInvalid
from facenet_res.losses.arcface import arcface_loss
from facenet_res.losses.centers import class_cosine
from facenet_res.losses.partial_fc import partial_cosine, sample_centres
from tests.unit.losses.closed_forms import gradient, values


@settings(deadline=None, max_examples=200)
@given(
    data=st.data(),
    classes=st.integers(1, 40),
    share=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_class_of_the_batch_is_there_once_and_labels_still_name_it(
    data: st.DataObject, classes: int, share: float, seed: int
) -> None:
    drawn = data.draw(st.lists(st.integers(-1, classes - 1), max_size=12))
    labels = np.array(drawn, np.int32)

    sample = sample_centres(labels, classes, share, np.random.default_rng(seed))

    is_known = labels >= 0
    assert (np.diff(sample.classes) > 0).all()
    assert set(sample.classes.tolist()) <= set(range(classes))
    np.testing.assert_array_equal(sample.classes[sample.labels[is_known]], labels[is_known])
    np.testing.assert_array_equal(sample.labels[~is_known], labels[~is_known])
    asked = math.ceil(share * classes - 1e-9)
    assert len(sample.classes) == max(asked, len(np.unique(labels[is_known])))


def test_the_others_are_drawn_with_equal_chance() -> None:
    labels, generator = np.array([3, 7, 3], np.int32), np.random.default_rng(0)
    counts = np.zeros(10)
    for _ in range(4000):
        counts[sample_centres(labels, 10, 0.4, generator).classes] += 1

    # Two of the eight others each time: 1000 +- 27 apiece.
    others = np.delete(counts, [3, 7])
    assert (counts[[3, 7]] == 4000).all()
    assert (np.abs(others - 1000) < 5 * 27.4).all()


def test_the_same_generator_gives_the_same_sample() -> None:
    labels = np.array([3, 7], np.int32)

    first, again = (sample_centres(labels, 100, 0.2, np.random.default_rng(5)) for _ in range(2))

    np.testing.assert_array_equal(first.classes, again.classes)


def test_a_share_that_rounds_up_by_an_error_takes_no_class_more() -> None:
    sample = sample_centres(np.zeros(1, np.int32), 100, 0.07, np.random.default_rng(0))

    # 0.07 * 100 is 7.000000000000001.
    assert len(sample.classes) == 7


def test_the_whole_share_is_the_whole_loss() -> None:
    rng = np.random.default_rng(0)
    embeddings, centres = rng.normal(size=(6, 8)), rng.normal(size=(9, 8))
    labels = rng.integers(-1, 9, 6).astype(np.int32)

    sample = sample_centres(labels, 9, 1.0, rng)
    got = arcface_loss(partial_cosine(embeddings, centres, sample.classes), sample.labels)

    np.testing.assert_array_equal(sample.labels, labels)
    expected = arcface_loss(class_cosine(embeddings, centres), labels)
    np.testing.assert_allclose(values(got), values(expected), rtol=1e-6)


def test_the_gradient_reaches_the_sampled_centres_only() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(6, 8)).astype(np.float32)
    centres = rng.normal(size=(20, 8)).astype(np.float32)
    sample = sample_centres(rng.integers(0, 20, 6).astype(np.int32), 20, 0.4, rng)

    def loss(centres: object) -> object:
        cosine = partial_cosine(embeddings, centres, sample.classes)
        return arcface_loss(cosine, sample.labels, scale=4.0)

    is_reached = (gradient(loss, centres) != 0).any(axis=1)

    np.testing.assert_array_equal(np.flatnonzero(is_reached), sample.classes)


@pytest.mark.parametrize(
    "labels",
    [np.zeros((2, 2), np.int32), np.zeros(2, np.float32), np.array([0, 10], np.int32)],
    ids=["not a row", "not whole", "beyond the classes"],
)
def test_labels_that_name_no_class_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(ArrayInvalid, match="labels must be"):
        sample_centres(labels, 10, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        sample_centres(np.zeros(1, np.int32), 10, share, np.random.default_rng(0))


def test_no_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="classes"):
        sample_centres(np.zeros(0, np.int32), 0, 0.5, np.random.default_rng(0))


def test_devices_that_share_the_classes_get_equal_parts() -> None:
    labels = np.array([0, 3, 4, -1])

    counts = [
        len(sample_centres(labels, 11, share, np.random.default_rng(0), multiple=4).classes)
        for share in (0.1, 0.5, 1.0)
    ]

    assert counts == [4, 8, 8]
    with pytest.raises(ArrayInvalid, match="cannot be shared by 4 devices"):
        sample_centres(np.arange(5), 5, 0.5, np.random.default_rng(0), multiple=4)
