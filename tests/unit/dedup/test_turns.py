"""The eight turns of a picture and of its descriptors."""

import numpy as np
import pytest

from facenet_res.dedup.fingerprint import descriptors_of
from facenet_res.dedup.turns import TURNS, inverse, turned, turned_descriptors
from tests.unit.dedup.pictures import grey, picture

PICTURE = grey(picture(1, 64, 64))


def test_there_are_eight_different_turns() -> None:
    found = {turned(PICTURE, turn).tobytes() for turn in range(TURNS)}
    assert len(found) == TURNS


@pytest.mark.parametrize("turn", range(TURNS))
def test_the_inverse_undoes_a_turn(turn: int) -> None:
    np.testing.assert_array_equal(turned(turned(PICTURE, turn), inverse(turn)), PICTURE)


@pytest.mark.parametrize("turn", range(TURNS))
def test_turning_the_descriptors_equals_describing_the_turned_picture(turn: int) -> None:
    expected = descriptors_of(turned(PICTURE, turn))
    found = turned_descriptors(descriptors_of(PICTURE), turn)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_the_turns_are_what_they_are_called() -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(turned(picture, 1), picture[:, ::-1])
    np.testing.assert_array_equal(turned(picture, 3), np.rot90(picture, 2))
    np.testing.assert_array_equal(turned(picture, 5), np.rot90(picture, -1))
