"""The pages of evaluations: tables and plots of what a report holds, in one HTML file each."""

from collections.abc import Callable

import numpy as np

from facenet_res.core.errors import EngineUnavailable
from facenet_res.evaluation import plots
from facenet_res.evaluation.groups import AttributeFigures, GroupRate, GroupsReport
from facenet_res.evaluation.identification_report import IdentificationReport
from facenet_res.evaluation.page import Section, Table, html_page
from facenet_res.evaluation.photos import PhotosReport
from facenet_res.evaluation.report import (
    Row,
    groups_rows,
    identification_rows,
    photos_rows,
    rate_text,
    verification_rows,
)
from facenet_res.evaluation.verification_report import CurvePoint, Histogram, VerificationReport

Maker = Callable[[], str]

ROC_TEXT = (
    "A threshold accepts pairs of one person (true accepts, up) and pairs of two (false matches, "
    "right). Up and left is better. The band is the 95 % interval. DET shows the same pairs as "
    "errors, both on logarithmic axes: down and left is better."
)
HISTOGRAM_TEXT = (
    "How similar the two faces of a pair are. The less the two hills overlap, the better; the "
    "dashed line is the threshold of the strictest FMR given above."
)
FOLDS_TEXT = "Each fold is judged by the threshold that is best on all the others."


def verification_page(title: str, summary: str, report: VerificationReport) -> str:
    """The page of pairs: figures, ROC, DET, histogram, folds."""
    return html_page(title, summary, verification_sections(report))


def identification_page(title: str, summary: str, reports: dict[str, IdentificationReport]) -> str:
    """The page of searches in one gallery or several."""
    sections = [
        part for name, one in reports.items() for part in identification_sections(one, name)
    ]
    return html_page(title, summary, sections)


def groups_page(title: str, summary: str, report: GroupsReport) -> str:
    """The page of groups: a table and two plots for each attribute."""
    sections = [_figures("Figures", groups_rows(report)[:3])]
    sections += [_attribute(attribute) for attribute in report.attributes]
    return html_page(title, summary, sections)


def photos_page(title: str, summary: str, report: PhotosReport) -> str:
    """The page of people enrolled and asked for."""
    known = [answer.similarity for answer in report.answers if answer.is_enrolled]
    unknown = [answer.similarity for answer in report.answers if not answer.is_enrolled]
    axes = plots.Axes(title="Best similarity of each image", x="similarity (cosine)", y="share")
    groups = {"people enrolled": np.array(known), "strangers": np.array(unknown)}
    plot = drawn_or_note(lambda: plots.histogram_svg(axes, groups, bins=40, mark=report.threshold))
    return html_page(
        title,
        summary,
        [
            _figures("Figures", photos_rows(report)),
            Section(title="Similarities", text=plot[1], plots=plot[0]),
        ],
    )


def verification_sections(report: VerificationReport) -> list[Section]:
    """The parts of a page that are about pairs."""
    curves, note = drawn_or_note(
        lambda: roc_plot({"": report.curve}), lambda: det_plot({"": report.curve})
    )
    mark = report.tar_at_far[-1].threshold if report.tar_at_far else None
    bars, _ = drawn_or_note(
        lambda: similarity_plot(
            report.histogram, "Similarities of pairs", ("one person", "two persons"), mark
        )
    )
    sections = [
        _figures("Figures", verification_rows(report)),
        Section(title="ROC and DET", text=note or ROC_TEXT, plots=curves),
        Section(title="Similarities", text=note or HISTOGRAM_TEXT, plots=bars),
    ]
    if report.accuracy is not None:
        table = Table(
            header=("fold", "accuracy", "threshold", "pairs"),
            rows=tuple(
                (
                    str(fold.fold + 1),
                    f"{100 * fold.accuracy:.2f} %",
                    f"{fold.threshold:.4f}",
                    str(fold.pairs),
                )
                for fold in report.accuracy.folds
            ),
        )
        sections.append(Section(title="Folds", text=FOLDS_TEXT, table=table))
    if report.without_face:
        sections.append(Section(title="Images without a face", code="\n".join(report.without_face)))
    return sections


def identification_sections(report: IdentificationReport, name: str) -> list[Section]:
    """The parts of a page that are about a gallery."""
    mark = report.tpir_at_fpir[-1].threshold if report.tpir_at_fpir else None
    drawn, note = drawn_or_note(
        lambda: _cmc(report.cmc),
        lambda: _dir(report.curve),
        lambda: similarity_plot(
            report.histogram,
            "Best similarity of each query",
            ("somebody of the gallery", "strangers"),
            mark,
        ),
    )
    suffix = f": {name}" if name else ""
    text = note or (
        "CMC: the right person is among the first so many. TPIR at FPIR: the share of queries that "
        "return the right name, over the share of non-enrolled people who get one. The dashed "
        "line is the threshold of the strictest FPIR given."
    )
    return [
        _figures(f"Figures{suffix}", identification_rows(report)),
        Section(title=f"Curves{suffix}", text=text, plots=drawn),
    ]


def _figures(title: str, rows: list[Row]) -> Section:
    return Section(title=title, table=Table(header=("figure", "value"), rows=tuple(rows)))


def drawn_or_note(*makers: Maker) -> tuple[tuple[str, ...], str]:
    """The plots; without matplotlib none, and the sentence that says how to have them."""
    try:
        return tuple(make() for make in makers), ""
    except EngineUnavailable as error:
        return (), f"{error}."


def roc_plot(curves: dict[str, tuple[CurvePoint, ...]], title: str = "ROC") -> str:
    """True accepts over false matches with their intervals, a line for each name."""
    axes = plots.Axes(title=title, x="FMR", y="true match rate", x_scale="log")
    return plots.curve_svg(axes, [_band(curve, name) for name, curve in curves.items()])


def _dir(curve: tuple[CurvePoint, ...]) -> str:
    axes = plots.Axes(title="TPIR at FPIR", x="FPIR", y="TPIR", x_scale="log")
    return plots.curve_svg(axes, [_band(curve)])


def _band(curve: tuple[CurvePoint, ...], name: str = "") -> plots.Curve:
    return plots.Curve(
        label=name,
        x=np.array([point.fmr for point in curve]),
        y=np.array([point.true_accept_rate for point in curve]),
        low=np.array([point.interval.low for point in curve]),
        high=np.array([point.interval.high for point in curve]),
    )


def det_plot(curves: dict[str, tuple[CurvePoint, ...]], title: str = "DET") -> str:
    """Errors over errors, a line for each name."""
    axes = plots.Axes(
        title=title,
        x="FMR",
        y="false non-match rate",
        x_scale="log",
        y_scale="log",
    )
    return plots.curve_svg(axes, [_errors(curve, name) for name, curve in curves.items()])


def _errors(curve: tuple[CurvePoint, ...], name: str) -> plots.Curve:
    """No error at all has no place on a logarithmic axis: the line ends."""
    rejects = 1.0 - np.array(
        [
            [point.true_accept_rate for point in curve],
            [point.interval.high for point in curve],
            [point.interval.low for point in curve],
        ]
    )
    least = rejects[rejects > 0].min() if (rejects > 0).any() else 1.0
    y = np.where(rejects[0] > 0, rejects[0], np.nan)
    low, high = (np.where(side > 0, side, least) for side in rejects[1:])
    x = np.array([point.fmr for point in curve])
    return plots.Curve(name, x, y, low, high)


def _cmc(rates: tuple[float, ...]) -> str:
    axes = plots.Axes(title="CMC", x="rank", y="share of queries found by this rank")
    return plots.curve_svg(axes, [plots.Curve("", np.arange(1.0, len(rates) + 1), np.array(rates))])


def similarity_plot(
    counted: Histogram, title: str, labels: tuple[str, str], mark: float | None
) -> str:
    """Two hills of similarities: of pairs of one person or queries of people enrolled, and not."""
    axes = plots.Axes(title=title, x="similarity (cosine)", y="share of the kind")
    counts = dict(zip(labels, map(np.array, (counted.genuine, counted.impostor)), strict=True))
    return plots.binned_svg(axes, np.array(counted.edges), counts, mark=mark)


def _attribute(attribute: AttributeFigures) -> Section:
    table = Table(
        header=("group", "images", "people", "FMR", "FNMR"),
        rows=tuple(
            (
                group.name,
                str(group.images),
                str(group.people),
                rate_text(group.false_accepts),
                rate_text(group.false_rejects),
            )
            for group in attribute.groups
        ),
    )
    accepts = {group.name: group.false_accepts for group in attribute.groups}
    rejects = {group.name: group.false_rejects for group in attribute.groups}
    drawn, note = drawn_or_note(
        lambda: _group_plot(f"{attribute.name}: false matches", accepts),
        lambda: _group_plot(f"{attribute.name}: false non-matches", rejects),
    )
    return Section(
        title=attribute.name,
        text=note or "Pairs within a group. The dashed line is the mean of the groups.",
        table=table,
        plots=tuple(plot for plot in drawn if plot),
    )


def _group_plot(title: str, rates: dict[str, GroupRate]) -> str:
    """Rates with their intervals; "" where no group has enough pairs."""
    known = {name: one for name, one in rates.items() if not np.isnan(one.rate)}
    if not known:
        return ""
    rows = [(name, one.rate, one.interval) for name, one in known.items()]
    mean = float(np.mean([one.rate for one in known.values()]))
    return plots.interval_svg(plots.Axes(title=title, x="rate", y=""), rows, mark=mean)
