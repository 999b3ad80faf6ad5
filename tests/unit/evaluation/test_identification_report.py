"""Searches: against counting by hand, a closed form of normal distributions, and bad input."""

import math

import numpy as np
import pytest

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.bootstrap import BootstrapConfig, pair_units, shared_units
from facenet_res.evaluation.gallery_search import judge_search
from facenet_res.evaluation.identification import UNKNOWN
from facenet_res.evaluation.identification_report import judge_identification
from facenet_res.evaluation.photos import PhotosConfig, plan_photos
from facenet_res.evaluation.report import identification_rows, mean_rows
from facenet_res.evaluation.report_pages import identification_page

FAST = BootstrapConfig(rounds=40)


def searched(queries: int = 4000, people: int = 50):  # noqa: ANN201
    """Half the queries are of non-enrolled people; a mated one has 3 + noise at its own place."""
    random = np.random.default_rng(0)
    table = random.normal(size=(queries, people))
    person = np.where(np.arange(queries) % 2, UNKNOWN, np.arange(queries) % people)
    mated = np.flatnonzero(person != UNKNOWN)
    table[mated, person[mated]] += 3.0
    return table, person


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def test_closed_form_of_normal_similarities() -> None:
    table, person = searched()
    report = judge_identification(table, person, pair_units(len(person)), "m-1", FAST)

    x = np.linspace(-8, 12, 20001)
    density = np.exp(-((x - 3) ** 2) / 2) / math.sqrt(2 * math.pi)
    below = np.array([phi(value) for value in x]) ** 49  # all 49 others are below x
    rank_1 = float(np.trapezoid(density * below, x))
    assert report.rank_rates[0].rate == pytest.approx(rank_1, abs=0.02)
    # a non-enrolled person is named at t with 1 - Phi(t)^50; solve for 1 %.
    threshold = x[np.searchsorted(np.array([phi(value) ** 50 for value in x]), 0.99)]
    above = x >= threshold
    expected = float(np.trapezoid((density * below)[above], x[above]))
    one_percent = report.tpir_at_fpir[1]
    assert one_percent.false_positive_rate == 0.01
    assert one_percent.true_positive_rate == pytest.approx(expected, abs=0.04)
    assert one_percent.interval.low <= expected <= one_percent.interval.high


def test_figures_agree_with_counting_by_hand() -> None:
    table, person = searched(queries=400)
    report = judge_identification(table, person, pair_units(400), "m-1", FAST)
    best = table.max(axis=1)
    is_right = table.argmax(axis=1) == person
    mated = person != UNKNOWN
    (point,) = report.tpir_at_fpir
    assert point.measured_rate == (best[~mated] >= point.threshold).mean() <= 0.1
    assert point.true_positive_rate == (is_right & (best >= point.threshold))[mated].mean()
    assert report.cmc[0] == report.rank_rates[0].rate == is_right[mated].mean()
    assert [one.rank for one in report.rank_rates] == [1, 5, 10]
    assert [(one.rate, one.needed) for one in report.refused] == [(0.01, 300), (0.001, 3000)]
    for curve in report.curve:
        assert curve.interval.low - 0.05 <= curve.true_accept_rate <= curve.interval.high + 0.05


def test_a_tie_with_somebody_else_is_no_success() -> None:
    table = np.array([[0.5, 0.5], [0.9, 0.1], [0.0, 0.3], [0.2, 0.1]])
    person = [0, 0, UNKNOWN, UNKNOWN]
    report = judge_identification(table, person, pair_units(4), "m-1", FAST)
    assert report.cmc == (0.5, 1.0)
    assert report.tpir_at_fpir == ()
    assert report.curve == ()
    assert identification_page("S", "", {"": report}).count("<svg") == 3


def test_the_page_and_the_mean_name_each_gallery() -> None:
    table, person = searched(queries=400)
    report = judge_identification(table, person, pair_units(400), "m-1", FAST)
    page = identification_page("Search", "of two", {"G1": report, "G2": report})
    assert "Figures: G1" in page
    assert "Curves: G2" in page
    rows = dict(mean_rows({"G1": report, "G2": report}))
    assert rows["mean of 2 galleries: rank-1"] == f"{100 * report.cmc[0]:.2f} %"
    assert "refused: needs 300 queries of non-enrolled people" in dict(identification_rows(report))[
        "TPIR at FPIR 1e-02"
    ]  # fmt: skip


def test_a_folder_of_people_is_searched_by_the_closest_face() -> None:
    names = tuple(f"p{person}/{photo}.jpg" for person in range(4) for photo in range(3))
    plan = plan_photos(names, PhotosConfig(people_enrolled=2, people_unknown=2, photos_enrolled=2))
    person = [int(each.person[1]) for each in (*plan.enrolled, *plan.known, *plan.unknown)]
    rows = np.eye(4, dtype=np.float32)[person]

    report = judge_search(plan, rows, "m-1", FAST)

    assert (report.people, report.mated, report.unmated) == (2, 2, 6)
    assert report.rank_rates[0].rate == 1.0
    assert (report.drawn, report.drawn_count) == ("person", 4)
    with pytest.raises(ArrayInvalid, match="12 images need as many embeddings; got 11"):
        judge_search(plan, rows[1:], "m-1", FAST)
    with pytest.raises(ArrayInvalid, match="not finite"):
        judge_search(plan, rows * np.nan, "m-1", FAST)


def test_bad_searches_are_refused() -> None:
    table = np.zeros((4, 2))
    units = shared_units([1, 2, 3, 4], [1, 2, 3, 4])
    with pytest.raises(DataInvalid, match="got 4 and 0"):
        judge_identification(table, [0, 0, 1, 1], units, "m-1", FAST)
    with pytest.raises(DataInvalid, match="got 0 and 4"):
        judge_identification(table, [UNKNOWN] * 4, units, "m-1", FAST)
    with pytest.raises(ArrayInvalid, match="not finite"):
        judge_identification(table * np.nan, [0, 0, UNKNOWN, 1], units, "m-1", FAST)
    with pytest.raises(ArrayInvalid, match="-1 to 1; got 2"):
        judge_identification(table, [0, 0, UNKNOWN, 2], units, "m-1", FAST)
