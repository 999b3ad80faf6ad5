"""Plots are whole SVG, the same for the same data, and carry what they were given."""

from xml.etree import ElementTree

import numpy as np
import pytest

from facenet_res.evaluation.plots import Axes, Curve, curve_svg, histogram_svg

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


@pytest.mark.parametrize("values", [np.array([0.25]), np.linspace(-1, 1, 50)])
def test_a_histogram_names_its_groups(values: np.ndarray) -> None:
    drawn = histogram_svg(AXES, {"same": values, "different": values - 0.5}, mark=0.1)
    words = "".join(ElementTree.fromstring(drawn).itertext())  # noqa: S314 (our own text)
    assert "same" in words
    assert "different" in words
