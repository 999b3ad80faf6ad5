"""Curves and histograms: as SVG text, to stand in a page without any other file, or as PNG.

Needs the extra `plots` (matplotlib). No global figure is kept, so that plots may be
drawn from any thread, and the same data give the same text.
"""

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.extras import require
from facenet_res.evaluation.intervals import Interval

Scale = Literal["linear", "log"]
FIGURE_INCHES = (6.4, 4.2)
BAND_OPACITY = 0.18
BARS_SHARE = 0.8
"""Of the room of a cluster, the rest being the gap to the next."""
PNG_DPI = 120
# Told apart by colour-blind eyes and in print: Okabe and Ito's palette, 2008.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a plot.

    Attributes:
        label: what the legend calls it; "" for no entry.
        x: float[N].
        y: float[N]; NaN breaks the line.
        low: float[N], lower end of an interval about y, or None.
        high: float[N], its upper end; given where `low` is.
        is_dashed: drawn as dashes, for what is beside the point.
        colour: number in `COLOURS`, for curves that belong together; None takes the next.
    """

    label: str
    x: NDArray[np.floating[Any]]
    y: NDArray[np.floating[Any]]
    low: NDArray[np.floating[Any]] | None = None
    high: NDArray[np.floating[Any]] | None = None
    is_dashed: bool = False
    colour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What a plot is of.

    Attributes:
        title: above the plot.
        x: label of the horizontal axis, with its unit.
        y: label of the vertical axis, with its unit.
        x_scale: "linear" or "log".
        y_scale: likewise.
    """

    title: str
    x: str
    y: str
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"


def curve_svg(axes: Axes, curves: list[Curve]) -> str:
    """Lines over one axis, with their intervals as bands.

    Returns:
        An `<svg>` element.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    return _svg(_curve_figure(axes, curves))


def curve_png(axes: Axes, curves: list[Curve]) -> bytes:
    """What `curve_svg` draws as a PNG of 768x504 px, for Markdown; the same data, the same bytes.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    buffer = io.BytesIO()
    figure = _curve_figure(axes, curves)
    figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


def histogram_svg(
    axes: Axes,
    groups: dict[str, NDArray[np.floating[Any]]],
    *,
    bins: int = 80,
    mark: float | None = None,
) -> str:
    """Shares of each group's values over common bins, one above the other.

    Args:
        axes: title and labels.
        groups: label -> float[N], N >= 1.
        bins: number of bins over the range of all values.
        mark: where a vertical line stands, such as a threshold.

    Returns:
        An `<svg>` element.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    everything = np.concatenate(list(groups.values()))
    edges = np.linspace(everything.min(), max(everything.max(), everything.min() + 1e-6), bins + 1)
    counts = {label: np.histogram(values, edges)[0] for label, values in groups.items()}
    return binned_svg(axes, edges, counts, mark=mark)


def binned_svg(
    axes: Axes,
    edges: NDArray[np.floating[Any]],
    counts: dict[str, NDArray[Any]],
    *,
    mark: float | None = None,
) -> str:
    """The same of values that were counted before: the share of each group in each bin.

    Args:
        axes: title and labels.
        edges: float[N + 1], rising.
        counts: label -> int[N]; a group of nothing is a line at 0.
        mark: where a vertical line stands, such as a threshold.

    Returns:
        An `<svg>` element.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    figure, plot = _figure(axes)
    for number, (label, values) in enumerate(counts.items()):
        shares = values / max(1, values.sum())
        colour = COLOURS[number % len(COLOURS)]
        plot.stairs(shares, edges, fill=True, color=colour, alpha=0.45, label=label)
    if mark is not None:
        plot.axvline(mark, color="#000000", linestyle="--", linewidth=1)
    plot.legend(frameon=False, fontsize=9)
    return _svg(figure)


def _curve_figure(axes: Axes, curves: list[Curve]) -> Any:
    figure, plot = _figure(axes)
    for number, curve in enumerate(curves):
        place = number if curve.colour is None else curve.colour
        colour = COLOURS[place % len(COLOURS)]
        style = "--" if curve.is_dashed else "-"
        plot.plot(curve.x, curve.y, style, color=colour, label=curve.label or None, linewidth=1.6)
        if curve.low is not None and curve.high is not None:
            plot.fill_between(
                curve.x, curve.low, curve.high, color=colour, alpha=BAND_OPACITY, linewidth=0
            )
    if any(curve.label for curve in curves):
        plot.legend(frameon=False, fontsize=9)
    return figure


def interval_svg(axes: Axes, rows: list[tuple[str, float, Interval]], mark: float) -> str:
    """A point with its interval for each label, one under the other, along the x axis.

    Args:
        axes: title and labels; the vertical axis has the labels of the rows.
        rows: label, value and interval, the first one on top.
        mark: where a vertical line stands, such as the mean. The axis begins at 0.

    Returns:
        An `<svg>` element.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    figure, plot = _figure(axes)
    for place, (_, value, interval) in enumerate(reversed(rows)):
        plot.plot([interval.low, interval.high], [place, place], color=COLOURS[0], linewidth=2)
        plot.plot([value], [place], "o", color=COLOURS[0], markersize=6)
    plot.set_yticks(range(len(rows)), [label for label, _, _ in reversed(rows)])
    plot.axvline(mark, color="#000000", linestyle="--", linewidth=1)
    plot.set_ylim(-0.6, len(rows) - 0.4)
    plot.set_xlim(left=0.0)
    return _svg(figure)


def bars_svg(axes: Axes, labels: list[str], groups: dict[str, list[float]]) -> str:
    """Bars side by side for each label.

    Args:
        axes: title and labels; the vertical axis begins at 0.
        labels: what stands under each cluster of bars.
        groups: name of each bar in a cluster -> its height for each label.

    Returns:
        An `<svg>` element.

    Raises:
        EngineUnavailable: matplotlib is not installed.
    """
    figure, plot = _figure(axes)
    width = BARS_SHARE / len(groups)
    places = np.arange(len(labels))
    for number, (name, heights) in enumerate(groups.items()):
        offset = (number - (len(groups) - 1) / 2) * width
        colour = COLOURS[number % len(COLOURS)]
        plot.bar(places + offset, heights, width, color=colour, label=name)
    plot.set_xticks(places, labels, fontsize=8)
    plot.legend(frameon=False, fontsize=9)
    return _svg(figure)


def _figure(axes: Axes) -> tuple[Any, Any]:
    require("a plot", ("matplotlib",), "plots")
    from matplotlib.figure import Figure  # noqa: PLC0415 (an extra)

    figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
    plot = figure.subplots()
    plot.set(title=axes.title, xlabel=axes.x, ylabel=axes.y)
    plot.set_xscale(axes.x_scale)
    plot.set_yscale(axes.y_scale)
    plot.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    plot.spines[["top", "right"]].set_visible(False)
    return figure, plot


def _svg(figure: Any) -> str:
    from matplotlib import rc_context  # noqa: PLC0415 (an extra)

    buffer = io.StringIO()
    # A fixed salt and no date: the same figure is the same text, and Git sees no change.
    with rc_context({"svg.hashsalt": "facenet-res", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :].strip()
