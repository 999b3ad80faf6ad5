"""A threshold keeps the rate it was asked for, and knows how far to be trusted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation.calibration import calibrate, impostor_similarities, people_bootstrap


@given(st.lists(st.integers(-6, 6), min_size=30, max_size=200), st.floats(0.1, 0.9))
def test_never_accepts_more_than_asked_and_no_lower_threshold_would_do(
    drawn: list[int], rate: float
) -> None:
    scores = np.array(drawn) / 6

    result = calibrate(scores, rate)

    assert (scores >= result.similarity).mean() == result.measured_rate <= rate + 1e-9
    below = np.nextafter(result.similarity, -np.inf)
    assert (scores >= below).mean() > rate - 1e-9
    assert result.similarity_low <= result.similarity <= result.similarity_high


def test_the_interval_holds_the_true_threshold_about_as_often_as_stated() -> None:
    # Given impostors from a uniform distribution, whose threshold at 5 % is 0.95 exactly.
    random = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        result = calibrate(random.uniform(0, 1, 400), 0.05)
        held += result.similarity_low <= 0.95 <= result.similarity_high
    assert held / 300 >= 0.93


def test_too_few_pairs_for_the_rate_are_refused_with_the_least_rate() -> None:
    with pytest.raises(
        ArgumentInvalid, match=r"3000 impostor pairs .* least they support is 0.001"
    ):
        calibrate(np.linspace(0, 1, 3000), 1e-4)


def test_exactly_enough_pairs_are_accepted() -> None:
    assert calibrate(np.linspace(0, 1, 3000), 1e-3).measured_rate == 1e-3


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, float("nan")])
def test_a_rate_outside_0_to_1_is_refused(rate: float) -> None:
    with pytest.raises(ArgumentInvalid, match="fmr"):
        calibrate(np.linspace(0, 1, 100), rate)


@pytest.mark.parametrize("scores", [[], [[0.1]], [0.1, np.inf]])
def test_what_is_no_vector_of_similarities_is_refused(scores: object) -> None:
    with pytest.raises(ArrayInvalid):
        calibrate(scores, 0.5)


def test_impostor_pairs_are_those_of_different_people() -> None:
    embeddings = unit_norm(np.random.default_rng(0).normal(size=(4, 8)))

    got = impostor_similarities(embeddings, ["a", "a", "b", "c"])

    expected = [embeddings[i] @ embeddings[j] for i, j in [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_drawing_people_widens_the_interval_where_pairs_share_a_face() -> None:
    # Given ten people of eight nearly equal images each: 45 independent comparisons that
    # look like 2880.
    random = np.random.default_rng(2)
    people = np.repeat(np.arange(10), 8)
    centres = random.normal(size=(10, 16))
    embeddings = unit_norm(centres[people] + 0.05 * random.normal(size=(80, 16)))

    drawn = people_bootstrap(embeddings, people, 0.05, random, rounds=100)
    independent = calibrate(impostor_similarities(embeddings, people), 0.05)

    width = independent.similarity_high - independent.similarity_low
    assert drawn.high - drawn.low > 2 * width
    assert drawn.low <= independent.similarity <= drawn.high


def test_the_bootstrap_repeats_itself_with_the_same_seed() -> None:
    random = np.random.default_rng(3)
    embeddings = unit_norm(random.normal(size=(30, 8)))
    people = np.repeat(np.arange(10), 3)

    first, second = (
        people_bootstrap(embeddings, people, 0.1, np.random.default_rng(5), rounds=20)
        for _ in range(2)
    )

    assert first == second


def test_the_bootstrap_needs_people_and_rounds() -> None:
    embeddings = unit_norm(np.ones((2, 4)))
    with pytest.raises(DataInvalid, match="3 people"):
        people_bootstrap(embeddings, [0, 1], 0.1, np.random.default_rng(0))
    with pytest.raises(ArgumentInvalid, match="rounds"):
        people_bootstrap(embeddings, [0, 1], 0.1, np.random.default_rng(0), rounds=3)
