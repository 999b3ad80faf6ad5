"""Verification sets: the folds of scikit-learn, and figures by a network that knows its faces."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from facenet_res.core.errors import DataInvalid
from facenet_res.data.bin_set import BinSet
from facenet_res.evaluation.bootstrap import BootstrapConfig
from facenet_res.evaluation.pairs import judge_bin_set, neighbouring_folds
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import smooth_faces
from tests.fakes import FakeEmbedder

FAST = BootstrapConfig(rounds=20)


@pytest.mark.parametrize("pairs", [20, 6000, 7003])
def test_folds_are_those_of_scikit_learn(pairs: int) -> None:
    folds = neighbouring_folds(pairs)
    for number, (_, held_out) in enumerate(KFold(10, shuffle=False).split(np.zeros(pairs))):
        assert np.flatnonzero(folds == number).tolist() == held_out.tolist()


def faces(pairs: int) -> BinSet:
    """Every second pair shows one face twice."""
    encoded = [encode_jpeg(face) for face in smooth_faces(2 * pairs, seed=0)]
    for pair in range(0, pairs, 2):
        encoded[2 * pair + 1] = encoded[2 * pair]
    return BinSet(tuple(encoded), np.arange(pairs) % 2 == 0)


def test_twins_are_told_from_non_enrolled() -> None:
    done: list[int] = []
    report = judge_bin_set(faces(40), FakeEmbedder(), config=FAST, on_progress=done.append)
    assert report.accuracy is not None
    assert report.accuracy.mean == 1.0
    assert len(report.accuracy.folds) == 10
    assert done == [32, 64, 80]
    assert (report.drawn, report.images) == ("pair", 80)


def test_few_pairs_have_no_folds() -> None:
    assert judge_bin_set(faces(12), FakeEmbedder(), config=FAST).accuracy is None


def test_a_bad_image_is_named_by_its_number() -> None:
    good = faces(4)
    broken = BinSet((*good.images[:5], b"\xff\xd8", *good.images[6:]), good.is_same)
    with pytest.raises(DataInvalid, match="image 5: "):
        judge_bin_set(broken, FakeEmbedder(), config=FAST)
