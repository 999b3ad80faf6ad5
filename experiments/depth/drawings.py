"""The plots of the page, as PNG."""

from collections.abc import Callable

import numpy as np

from experiments.depth.summary import Band, Measured, window_steps
from facenet_res.evaluation.plots import Axes, Curve, curve_png

SHARE_AXIS = "place in the network (0: at the image, 1: at the classes)"


def drawings(measured: list[Measured]) -> dict[str, bytes]:
    """Every plot by its file's name.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    pairs = [each for each in measured if each.network.family == "cifar_resnet"]
    deepest = [each for each in measured if each.network.family == "cifar_preact"]
    drawn = {
        "gradients.png": _along_layers(
            "Before the first step, as trained: batch norm, He's weights",
            "length of the gradient of a layer's weights",
            measured,
            lambda each: each.gradients("bn"),
        ),
        "signals.png": _along_layers(
            "Before the first step, no batch norm, Xavier's weights",
            "length of the gradient that arrives",
            pairs,
            lambda each: each.signals("xavier"),
        ),
        "activations.png": _along_layers(
            "Before the first step, no batch norm, Xavier's weights",
            "size of what a layer gives out (root mean square)",
            pairs,
            lambda each: each.activations("xavier"),
        ),
        "losses.png": _losses("Training", pairs),
    }
    if deepest:
        drawn["losses-deepest.png"] = _losses("Training of the deepest", deepest)
    return drawn


def _along_layers(
    title: str, figure: str, measured: list[Measured], of: Callable[[Measured], Band]
) -> bytes:
    axes = Axes(title=title, x=SHARE_AXIS, y=figure, y_scale="log")
    curves = []
    for each in measured:
        band = of(each)
        curves.append(_curve(each, measured, np.linspace(0, 1, len(band.middle)), band))
    return curve_png(axes, curves)


def _losses(title: str, measured: list[Measured]) -> bytes:
    axes = Axes(title=title, x="step", y="training loss (cross-entropy, nats)")
    curves = []
    for each in measured:
        band = each.losses()
        window = window_steps(len(each.records[0].losses))
        curves.append(
            _curve(each, measured, window + np.arange(len(band.middle), dtype=np.float64), band)
        )
    guess = np.full(2, np.log(measured[0].network.classes))
    ends = np.asarray([0.0, max(curve.x[-1] for curve in curves)])
    curves.append(Curve("guessing", ends, guess, is_dashed=True, colour=-1))
    return curve_png(axes, curves)


def _curve(each: Measured, measured: list[Measured], x: np.ndarray, band: Band) -> Curve:
    """Plain solid, residual dashed; one colour for each depth."""
    depths = sorted({one.network.depth for one in measured})
    return Curve(
        each.label,
        x,
        band.middle,
        low=band.low,
        high=band.high,
        is_dashed=not each.network.is_plain,
        colour=depths.index(each.network.depth),
    )
