"""From embedded images to the figures of a pairs file."""

import json

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, FileMissing
from facenet_res.data.pairs import PairSet, parse_pairs
from facenet_res.evaluation.pairs import every, judge_pairs, located, thinned
from facenet_res.evaluation.report import to_json, to_markdown, verification_rows
from facenet_res.evaluation.subjects import EmbeddedSubjects

PEOPLE, FOLDS, EACH = 20, 4, 10


def pair_set() -> PairSet:
    """Pairs of image 1 and 2 of each person, and of neighbours."""
    lines = [f"{FOLDS} {EACH}"]
    for fold in range(FOLDS):
        people = [(fold * EACH + index) % PEOPLE for index in range(EACH)]
        lines += [f"p{person:02d} 1 2" for person in people]
        lines += [f"p{person:02d} 1 p{(person + 1) % PEOPLE:02d} 2" for person in people]
    return parse_pairs("\n".join(lines))


def photographs(pairs: PairSet, noise: float) -> EmbeddedSubjects:
    random = np.random.default_rng(0)
    centres = random.normal(size=(PEOPLE, 32))
    person = [int(name[1:3]) for name in pairs.images]
    rows = centres[person] + noise * random.normal(size=(len(person), 32))
    return EmbeddedSubjects(unit_norm(rows), (pairs.images[3],), 2)


def test_a_perfect_network_is_perfect() -> None:
    pairs = pair_set()

    report = judge_pairs(pairs, photographs(pairs, noise=0.0), "m-1")

    assert (report.accuracy.mean, report.accuracy.standard_error) == (1.0, 0.0)
    assert report.equal_error_rate == 0.0
    assert report.area_under_curve == 1.0
    assert all(point.true_accept_rate == 1.0 for point in report.tar_at_far)


def test_only_rates_that_the_pairs_support_are_reported() -> None:
    pairs = pair_set()
    report = judge_pairs(pairs, photographs(pairs, noise=0.5), "m-1")
    # 40 impostor pairs support 3 / 40.
    assert [point.fmr for point in report.tar_at_far] == [0.1]
    assert report.least_rate == pytest.approx(0.075)


def test_the_report_reads_the_same_for_machines_and_people() -> None:
    pairs = pair_set()
    report = judge_pairs(pairs, photographs(pairs, noise=1.0), "m-1")

    read = json.loads(to_json(report))
    rows = dict(verification_rows(report))
    page = to_markdown("LFW", verification_rows(report))

    assert read["accuracy"]["mean"] == report.accuracy.mean
    assert len(read["accuracy"]["folds"]) == FOLDS
    assert rows["images without a face"].startswith("1 (2.50 %)")
    accuracy = f"{100 * report.accuracy.mean:.2f} % +- "
    assert rows["accuracy, 4 folds"].startswith(accuracy)
    assert accuracy in page


def test_photographs_are_found_inside_other_folders() -> None:
    pairs = parse_pairs("1 1\nAnn 1 2\nAnn 1 Bob 1\n")
    names = ("lfw/Bob/Bob_0001.jpg", "lfw/Ann/Ann_0002.jpg", "lfw/Ann/Ann_0001.jpg")
    assert located(pairs, names) == (
        "lfw/Ann/Ann_0001.jpg",
        "lfw/Ann/Ann_0002.jpg",
        "lfw/Bob/Bob_0001.jpg",
    )


def test_missing_photographs_are_counted_and_the_first_are_named() -> None:
    pairs = pair_set()
    with pytest.raises(FileMissing, match=r"40 of 40 .* p00/p00_0001\.jpg, .*\.\.\.$"):
        located(pairs, ())


def test_embeddings_that_are_no_numbers_or_too_few_are_refused() -> None:
    pairs = pair_set()
    rows = photographs(pairs, noise=0.1).embeddings.copy()
    with pytest.raises(ArrayInvalid, match="40 images need as many embeddings; got 39"):
        judge_pairs(pairs, EmbeddedSubjects(rows[1:], (), 0), "m-1")
    rows[3, 2] = np.nan
    with pytest.raises(ArrayInvalid, match="not finite"):
        judge_pairs(pairs, EmbeddedSubjects(rows, (), 0), "m-1")


def test_people_are_drawn_unless_there_are_too_few() -> None:
    many = judge_pairs(pair_set(), photographs(pair_set(), noise=0.5), "m-1")
    two = parse_pairs("1 2\np01 1 2\np02 1 2\np01 1 p02 2\np02 1 p01 2\n")
    few = judge_pairs(two, photographs(two, noise=0.5), "m-1")
    assert (many.drawn, many.drawn_count) == ("person", PEOPLE)
    assert few.drawn == "pair"


def test_fewer_pairs_are_the_same_pairs_with_the_photographs_they_need() -> None:
    pairs = pair_set()

    few = every(pairs, 7)

    assert len(few) == -(-len(pairs) // 7)
    for number in range(len(few)):
        assert few.images[few.first[number]] == pairs.images[pairs.first[7 * number]]
        assert few.images[few.second[number]] == pairs.images[pairs.second[7 * number]]
    np.testing.assert_array_equal(few.is_same, pairs.is_same[::7])
    np.testing.assert_array_equal(few.folds, pairs.folds[::7])
    assert sorted({*few.first.tolist(), *few.second.tolist()}) == list(range(len(few.images)))


@pytest.mark.parametrize(("most", "left"), [(0, 80), (80, 80), (500, 80), (79, 40), (11, 10)])
def test_at_most_so_many_pairs_are_left(most: int, left: int) -> None:
    assert len(thinned(pair_set(), most)) == left


def test_a_negative_number_of_pairs_is_refused() -> None:
    with pytest.raises(ArgumentInvalid, match="got -1"):
        thinned(pair_set(), -1)
