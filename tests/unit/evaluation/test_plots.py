"""Plots are whole SVG, the same for the same data, and carry what they were given."""

import dataclasses
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from facenet_res.evaluation.plots import COLOURS, Axes, Curve, curve_png, curve_svg, histogram_svg

AXES = Axes(title="A < B", x="false accept rate", y="true accept rate", x_scale="log")


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
