"""The page of a judged model: every figure with the teacher's beside it, as tables and plots."""

from collections.abc import Callable
from typing import Final

import numpy as np

from facenet_res.evaluation import judged_tables, plots
from facenet_res.evaluation.judged_record import Circumstances
from facenet_res.evaluation.judging import Judged
from facenet_res.evaluation.model_card import RunHistory
from facenet_res.evaluation.page import Section, Table, html_page
from facenet_res.evaluation.report_pages import (
    det_plot,
    drawn_or_note,
    roc_plot,
    similarity_plot,
)
from facenet_res.evaluation.verification_report import VerificationReport

NAMES: Final = ("these weights", "teacher")
Pair = tuple[Judged, Judged]

FIGURES_TEXT = (
    "Brackets hold 95 % intervals, drawn over people where it is known who is on the images. The "
    "teacher ran through the same engine on the same faces."
)
CURVES_TEXT = (
    "ROC: true accepts over false matches for every threshold; up and left is better. DET: the "
    "same pairs as errors, on logarithmic axes; down and left is better. Bands are 95 % intervals."
)
HISTOGRAM_TEXT = (
    "How similar the two faces of a pair are. The less the two hills overlap, the better; the "
    "dashed line is the threshold of the strictest FMR that the pairs support."
)
GROUPS_TEXT = (
    "False match rates: pairs of two people within a group, among unnamed crops that training did "
    "not see, at one threshold for all groups: the one that accepts 1 in 1,000 of all pairs. Each "
    "crop counts as somebody else. Bars are 95 % intervals, the dashed line the groups' mean."
)
ROBUSTNESS_TEXT = (
    "Every third pair of LFW with both faces changed after they were found and aligned on the "
    "clean images, embedded as in serving. Thresholds by folds, found on faces changed alike."
)


def judged_page(
    judged: Pair, circumstances: Circumstances, history: RunHistory | None, commands: str
) -> str:
    """One HTML page, with no image of anybody.

    Args:
        judged: the model's figures and the teacher's.
        circumstances: when, where and by what.
        history: of the training; None for no curve.
        commands: that measure each figure alone, a line each.
    """
    model, teacher = judged
    sections = [
        Section(
            title="Figures",
            text=FIGURES_TEXT,
            table=judged_tables.figure_table(model, teacher),
        ),
        *_pairs("LFW", (model.lfw, teacher.lfw)),
        *_pairs("Held-out people", (model.validation, teacher.validation)),
        _photos(judged),
        *_groups(judged),
        _robustness(judged),
        Section(
            title="Speed and size",
            text="Medians of single faces through OpenVINO, on this machine at this time.",
            table=judged_tables.cost_table(model, teacher),
        ),
        *([_training(history)] if history and history.validation else []),
        Section(title="Where and how", table=_circumstances(judged, circumstances), code=commands),
    ]
    summary = (
        f"Model {model.manifest.model_id}, beside its teacher {teacher.manifest.model_id}. "
        f"Measured on {circumstances.date} by `{circumstances.command}`."
    )
    return html_page(f"How good is {model.manifest.model_id}?", summary, sections)


def _pairs(title: str, reports: tuple[VerificationReport, VerificationReport]) -> list[Section]:
    lines = {name: one.curve for name, one in zip(NAMES, reports, strict=True)}
    curves, note = drawn_or_note(
        lambda: roc_plot(lines, f"ROC, {title}"), lambda: det_plot(lines, f"DET, {title}")
    )
    hills, _ = drawn_or_note(*(_similarities(*each) for each in zip(NAMES, reports, strict=True)))
    return [
        Section(title=f"{title}: ROC and DET", text=note or CURVES_TEXT, plots=curves),
        Section(title=f"{title}: similarities", text=note or HISTOGRAM_TEXT, plots=hills),
    ]


def _similarities(name: str, report: VerificationReport) -> Callable[[], str]:
    mark = report.tar_at_far[-1].threshold if report.tar_at_far else None
    labels = ("one person", "two persons")
    return lambda: similarity_plot(report.histogram, f"Similarities, {name}", labels, mark)


def _photos(judged: Pair) -> Section:
    drawn, note = drawn_or_note(
        *(_photos_plot(name, one) for name, one in zip(NAMES, judged, strict=True))
    )
    return Section(
        title="People enrolled and asked for",
        text=note or "The dashed line is the threshold for FMR 1e-3.",
        plots=drawn,
    )


def _photos_plot(name: str, one: Judged) -> Callable[[], str]:
    axes = plots.Axes(
        title=f"Best similarity of each image, {name}", x="similarity (cosine)", y="share"
    )
    usable = [answer for answer in one.photos.answers if not answer.reason]
    groups = {
        label: np.array([each.similarity for each in usable if each.is_enrolled == is_enrolled])
        for label, is_enrolled in (("people enrolled", True), ("strangers", False))
    }
    return lambda: plots.histogram_svg(axes, groups, bins=40, mark=one.photos.threshold)


def _groups(judged: Pair) -> list[Section]:
    model, teacher = judged
    makers = [
        _group_plot(f"{attribute.name}, {name}", one, place)
        for place, attribute in enumerate(model.groups.attributes)
        for name, one in zip(NAMES, judged, strict=True)
    ]
    drawn, note = drawn_or_note(*makers)
    return [
        Section(
            title="Groups of people",
            text=note or GROUPS_TEXT,
            table=judged_tables.groups_table(model, teacher),
            plots=drawn,
        ),
        Section(
            title="The worst group beside the mean",
            table=judged_tables.disparity_table(model, teacher),
        ),
    ]


def _group_plot(title: str, one: Judged, place: int) -> Callable[[], str]:
    rates = [(group.name, group.false_accepts) for group in one.groups.attributes[place].groups]
    known = [(name, rate.rate, rate.interval) for name, rate in rates if not np.isnan(rate.rate)]
    mean = float(np.mean([rate for _, rate, _ in known])) if known else 0.0
    axes = plots.Axes(title=title, x="false match rate", y="")
    return lambda: plots.interval_svg(axes, known, mark=mean)


def _robustness(judged: Pair) -> Section:
    model, teacher = judged
    axes = plots.Axes(title="LFW, faces changed", x="", y="errors in 100 pairs")
    errors = {
        name: [100 * (1 - one.accuracy.mean) for one in network.robustness]
        for name, network in zip(NAMES, judged, strict=True)
    }
    labels = [one.name for one in model.robustness]
    drawn, note = drawn_or_note(lambda: plots.bars_svg(axes, labels, errors))
    return Section(
        title="Hard images",
        text=note or ROBUSTNESS_TEXT,
        table=judged_tables.robustness_table(model, teacher),
        plots=drawn,
    )


def _training(history: RunHistory) -> Section:
    runs = (*history.earlier, history)
    curves, before = [], 0
    for number, run in enumerate(runs, start=1):
        if run.validation:
            images, rates = (np.array(column) for column in zip(*run.validation, strict=True))
            name = f"run {number}" if len(runs) > 1 else ""
            curves.append(plots.Curve(name, (images + before).astype(np.float64), rates))
        before += run.images
    axes = plots.Axes(
        title="Training",
        x="images seen, in all runs" if len(runs) > 1 else "images seen",
        y="held-out people: TMR at FMR 1e-3",
    )
    drawn, note = drawn_or_note(lambda: plots.curve_svg(axes, curves))
    done = [f"{run.steps:,} steps of {run.batch_size} crops" for run in runs]
    return Section(title="The training", text=note or f"{'; then '.join(done)}.", plots=drawn)


def _circumstances(judged: Pair, circumstances: Circumstances) -> Table:
    rows = [
        ("machine", circumstances.machine),
        ("date", circumstances.date),
        ("detector", circumstances.detector),
        *((f"engine, {name}", one.engine) for name, one in zip(NAMES, judged, strict=True)),
        *circumstances.versions.items(),
    ]
    return Table(header=("what", "value"), rows=tuple(rows))
