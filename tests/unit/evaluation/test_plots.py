"""Plots are whole SVG, the same for the same data, and carry what they were given."""

import dataclasses
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from facenet_res.evaluation.intervals import Interval
from facenet_res.evaluation.plots import (
    COLOURS,
    Axes,
    Curve,
    bars_svg,
    binned_svg,
    curve_png,
    curve_svg,
    histogram_svg,
    interval_svg,
)

AXES = Axes(title="A < B", x="FMR", y="true accept rate", x_scale="log")


def curves() -> list[Curve]:
    x = np.geomspace(1e-4, 1, 30)
    return [Curve("ours & theirs", x, np.sqrt(x), low=x, high=np.ones(30)), Curve("", x, x)]


def test_curves_are_well_formed_and_labelled() -> None:
    drawn = curve_svg(AXES, curves())
    words = "".join(ElementTree.fromstring(drawn).itertext())  # noqa: S314 (our own text)
    assert "A < B" in words
    assert "ours & theirs" in words
    assert "true accept rate" in words


def test_the_same_data_are_the_same_text() -> None:
    assert curve_svg(AXES, curves()) == curve_svg(AXES, curves())


def test_a_png_is_a_picture_of_the_promised_size_and_the_same_for_the_same_data() -> None:
    drawn = curve_png(AXES, curves())
    picture = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (504, 768, 3)
    assert picture.std() > 1
    assert drawn == curve_png(AXES, curves())


def test_curves_that_belong_together_have_one_colour() -> None:
    x = np.linspace(0, 1, 5)
    pair = [Curve("a", x, x, colour=2), Curve("b", x, 1 - x, colour=2, is_dashed=True)]
    drawn = curve_svg(dataclasses.replace(AXES, x_scale="linear"), pair)
    assert COLOURS[2] in drawn
    assert COLOURS[0] not in drawn


@pytest.mark.parametrize("values", [np.array([0.25]), np.linspace(-1, 1, 50)])
def test_a_histogram_names_its_groups(values: np.ndarray) -> None:
    drawn = histogram_svg(AXES, {"same": values, "different": values - 0.5}, mark=0.1)
    words = "".join(ElementTree.fromstring(drawn).itertext())  # noqa: S314 (our own text)
    assert "same" in words
    assert "different" in words


def test_intervals_stand_under_each_other_with_their_labels() -> None:
    rows = [("first", 0.2, Interval(0.1, 0.3)), ("second", 0.4, Interval(0.2, 0.5))]
    svg = interval_svg(Axes(title="t", x="rate", y=""), rows, mark=0.3)
    assert svg.index(">second<") < svg.index(">first<")  # the first is on top, and drawn last


def test_a_group_of_nothing_can_be_drawn_beside_another() -> None:
    counts = {"some": np.array([1, 2]), "none": np.array([0, 0])}
    assert binned_svg(Axes(title="t", x="x", y="y"), np.array([0.0, 1.0, 2.0]), counts)


def test_bars_stand_side_by_side_and_rise_with_their_values() -> None:
    axes = Axes(title="errors", x="", y="errors")
    groups = {"ours": [1.0, 2.0, 3.0], "theirs": [2.0, 4.0, 1.0]}
    drawn = bars_svg(axes, ["clean", "blur", "mask"], groups)
    words = "".join(ElementTree.fromstring(drawn).itertext())  # noqa: S314 (our own text)
    assert all(word in words for word in ("clean", "blur", "mask", "ours", "theirs"))
    # Three bars of each colour, and one in the legend.
    assert drawn.count(f"fill: {COLOURS[0]}") == 4
    assert drawn.count(f"fill: {COLOURS[1]}") == 4
    assert drawn == bars_svg(axes, ["clean", "blur", "mask"], groups)
