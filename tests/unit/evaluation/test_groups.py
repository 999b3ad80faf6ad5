"""Groups: against counting every pair, with its intervals, its refusals and its ratios."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation import all_pairs
from facenet_res.evaluation.all_pairs import compare_all, impostor_threshold
from facenet_res.evaluation.bootstrap import BootstrapConfig
from facenet_res.evaluation.groups import GroupedFaces, judge_groups
from facenet_res.evaluation.report import groups_rows
from facenet_res.evaluation.report_pages import groups_page

FAST = BootstrapConfig(rounds=40)


def people_of_two_groups(each: int = 30, photos: int = 3) -> GroupedFaces:
    """Women lie anywhere; men lie closer together, so that they are confused more often."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(2 * each, 16))
    centres[each:, 0] += 4.0
    person = np.repeat(np.arange(2 * each), photos)
    rows = unit_norm(centres[person] + 0.8 * random.normal(size=(len(person), 16)))
    sex = tuple("f" if each_one < each else "m" for each_one in person)
    return GroupedFaces(rows, person, {"sex": sex})


def test_rates_agree_with_counting_every_pair() -> None:
    faces = people_of_two_groups()
    report = judge_groups(faces, 0.7, "m-1", config=FAST)

    (attribute,) = report.attributes
    for group in attribute.groups:
        members = [n for n, name in enumerate(faces.groups["sex"]) if name == group.name]
        errors = {"accepts": 0, "impostors": 0, "rejects": 0, "genuine": 0}
        for a, b in itertools.combinations(members, 2):
            accepted = faces.embeddings[a] @ faces.embeddings[b] >= 0.7
            if faces.people[a] == faces.people[b]:
                errors["genuine"] += 1
                errors["rejects"] += not accepted
            else:
                errors["impostors"] += 1
                errors["accepts"] += bool(accepted)
        accepts, rejects = group.false_accepts, group.false_rejects
        assert (accepts.errors, accepts.pairs) == (errors["accepts"], errors["impostors"])
        assert (rejects.errors, rejects.pairs) == (errors["rejects"], errors["genuine"])
        assert accepts.interval.low <= accepts.rate <= accepts.interval.high
        assert (group.people, group.images) == (30, 90)
    rates = [group.false_accepts.rate for group in attribute.groups]
    assert rates[1] > 3 * rates[0] > 0
    assert attribute.false_accepts.worst == "m"
    assert attribute.false_accepts.worst_to_mean == pytest.approx(rates[1] / np.mean(rates))
    assert attribute.false_accepts.worst_to_geometric_mean == pytest.approx(
        rates[1] / np.sqrt(rates[0] * rates[1])
    )


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=25))
def test_a_person_drawn_so_often_counts_so_often(drawn: list[tuple[int, int]]) -> None:
    """The closed form of weighted counts against writing out who was drawn."""
    person = np.array([each for each, _ in drawn])
    angle = np.array([each for _, each in drawn]) * 0.5
    rows = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    often = np.random.default_rng(0).integers(0, 3, len(np.unique(person)))
    weight = dict(zip(np.unique(person).tolist(), often.tolist(), strict=True))

    got = compare_all(rows, person, 0.9).counts(often)

    expected = [0, 0, 0, 0]
    for a, b in itertools.combinations(range(len(person)), 2):
        accepted = bool(rows[a] @ rows[b] >= 0.9)
        one, other = int(person[a]), int(person[b])
        if one == other:
            expected[2] += (not accepted) * weight[one]
            expected[3] += weight[one]
        else:
            expected[0] += accepted * weight[one] * weight[other]
            expected[1] += weight[one] * weight[other]
    assert list(got) == expected


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01])
def test_the_threshold_accepts_at_most_the_share_asked(
    rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given blocks of 7 rows, so that pairs lie in and across them.
    monkeypatch.setattr(all_pairs, "ROWS_AT_ONCE", 7)
    faces = people_of_two_groups(each=6)
    rows, person = faces.embeddings, np.asarray(faces.people)

    threshold = impostor_threshold(rows, person, rate)

    table = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    impostors = table[(person[:, None] != person)[np.triu_indices(len(rows), 1)]]
    allowed = int(rate * len(impostors))
    # Sums of a block and of the whole table may differ in the last bit.
    assert (impostors >= threshold + 1e-6).sum() <= allowed <= (impostors >= threshold - 1e-6).sum()
    counts = compare_all(rows, person, threshold).counts(np.ones(12, np.int64))
    assert counts[:2] == (allowed, len(impostors))


def test_a_group_with_too_few_pairs_has_no_figure() -> None:
    faces = people_of_two_groups(each=40)
    sex = list(faces.groups["sex"])
    sex[:4] = ["x"] * 4
    report = judge_groups(
        GroupedFaces(faces.embeddings, faces.people, {"sex": tuple(sex)}), 0.7, "m-1", config=FAST
    )
    small = report.attributes[0].groups[2]
    assert np.isnan(small.false_accepts.rate)
    rows = dict(groups_rows(report))
    assert rows["sex x: FMR"] == "too few pairs: 3, 300 are needed"
    assert rows["sex x: FNMR"] == "too few pairs: 3, 30 are needed"
    assert report.attributes[0].false_accepts.worst == "m"


def test_the_page_has_a_plot_for_each_kind_that_has_figures() -> None:
    faces = people_of_two_groups(photos=1, each=40)
    report = judge_groups(faces, 0.6, "m-1", config=FAST)
    page = groups_page("Groups", "of a test", report)
    # One image a person: no pair of one person, no rate of false non-matches.
    assert page.count("<svg") == 1
    assert "too few pairs: 0, 30 are needed" in page


def test_without_any_error_there_is_no_ratio() -> None:
    faces = people_of_two_groups()
    (attribute,) = judge_groups(faces, 1.1, "m-1", config=FAST).attributes
    assert np.isnan(attribute.false_accepts.worst_to_mean)
    assert attribute.false_rejects.worst_to_mean == 1.0


def test_what_is_no_comparison_of_groups_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = people_of_two_groups()
    rows, person = faces.embeddings, faces.people
    one = {"sex": ("f",) * len(rows)}
    with pytest.raises(DataInvalid, match=r"attribute sex has no two groups .*f: 15930 and 180"):
        judge_groups(GroupedFaces(rows, person, one), 0.7, "m-1", config=FAST)
    with pytest.raises(DataInvalid, match="no group at all"):
        judge_groups(GroupedFaces(rows, person, {"sex": ("",) * len(rows)}), 0.7, "m-1")
    with pytest.raises(ArrayInvalid, match="as many people and groups"):
        judge_groups(GroupedFaces(rows, person[1:], faces.groups), 0.7, "m-1")
    with pytest.raises(ArrayInvalid, match="not finite"):
        judge_groups(GroupedFaces(rows * np.nan, person, faces.groups), 0.7, "m-1")
    with pytest.raises(ArgumentInvalid, match="cannot support"):
        impostor_threshold(rows, np.asarray(person), 1e-6)
    monkeypatch.setattr(all_pairs, "HELD_MAX", 10)
    with pytest.raises(ArgumentInvalid, match="accepts over 10 pairs"):
        judge_groups(faces, -1.0, "m-1", config=FAST)
    with pytest.raises(ArgumentInvalid, match=r"allows .* pairs, limit is 10"):
        impostor_threshold(rows, np.asarray(person), 0.5)
