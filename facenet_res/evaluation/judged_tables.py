"""The tables that a judgement's page and the model card share, the teacher beside the model."""

import math
from typing import Final

from facenet_res.evaluation.groups import GroupRate
from facenet_res.evaluation.judging import Judged, NonEnrolledNamed
from facenet_res.evaluation.page import Table
from facenet_res.evaluation.report import share
from facenet_res.evaluation.verification_report import VerificationReport

NO_FIGURE: Final = "-"
LFW_RATES: Final = (1e-2, 1e-3)
VALIDATION_RATES: Final = (1e-3, 1e-4, 1e-5)
FIGURE_HEADER: Final = ("figure", "these weights", "teacher", "target")


def figure_table(model: Judged, teacher: Judged) -> Table:
    """Accuracy, true accepts, people recognised: each with its target where there is one."""
    both = (model, teacher)
    photos = model.photos
    rows: list[tuple[str, ...]] = [
        (
            f"LFW, {model.lfw.pairs:,} pairs of images, by folds",
            *(accuracy_text(one) for one in both),
            "99.0 %, in the end 99.5 %",
        ),
        ("LFW images without a face, judged by their middle", *map(_without_face, both), ""),
    ]
    rows += [
        (
            f"LFW, TMR at FMR {rate:.0e}",
            *(tar_text(one.lfw, rate) for one in both),
            "95 %" if rate == 1e-3 else "",
        )
        for rate in LFW_RATES
    ]
    people = model.validation.drawn_count
    rows += [
        (
            f"{people} held-out people, TMR at FMR {rate:.0e}",
            *(tar_text(one.validation, rate) for one in both),
            "",
        )
        for rate in VALIDATION_RATES
    ]
    rows += [
        (
            f"{photos.people_enrolled} people enrolled, rank-1 of {photos.known} others",
            *(share(one.photos.rank_1, one.photos.rank_1_interval) for one in both),
            "97 %",
        ),
        (
            "the same, TPIR at FPIR 1 %",
            *(f"{100 * one.photos.open_set.true_positive_rate:.2f} %" for one in both),
            "90 %",
        ),
    ]
    rows += [
        (
            f"non-enrolled people named of {photos.unknown}, threshold for FMR {ours.fmr:.0e}",
            _non_enrolled_text(ours, photos.unknown),
            _non_enrolled_of(teacher, ours.fmr),
            "",
        )
        for ours in model.non_enrolled
    ]
    rows += [
        (
            f"the same and TPIR, the gallery's threshold for FPIR {100 * rate:g} %",
            *(_at_fpir(one, rate) for one in both),
            "",
        )
        for rate in dict.fromkeys(each.fpir for one in both for each in one.at_fpir)
    ]
    return Table(header=FIGURE_HEADER, rows=tuple(rows))


def disparity_table(model: Judged, teacher: Judged) -> Table:
    """How far the worst group is from the mean of the groups."""
    rows = []
    for ours, theirs in zip(model.groups.attributes, teacher.groups.attributes, strict=True):
        sides = (ours.false_accepts, theirs.false_accepts)
        cells = (f"{_number(one.worst_to_mean)} ({one.worst or 'none'})" for one in sides)
        rows.append((ours.name, *cells))
    header = ("attribute", "worst / mean, these weights", "worst / mean, teacher")
    return Table(header=header, rows=tuple(rows))


def groups_table(model: Judged, teacher: Judged) -> Table:
    """False match rates of each group."""
    rows = []
    for ours, theirs in zip(model.groups.attributes, teacher.groups.attributes, strict=True):
        others = {group.name: group.false_accepts for group in theirs.groups}
        rows += [
            (
                f"{ours.name}: {group.name}",
                f"{group.images:,}",
                match_text(group.false_accepts),
                match_text(others[group.name]),
            )
            for group in ours.groups
        ]
    header = ("group", "crops", "false match rate, these weights", "false match rate, teacher")
    return Table(header=header, rows=tuple(rows))


def robustness_table(model: Judged, teacher: Judged) -> Table:
    """LFW's accuracy with all faces changed."""
    rows = [
        (
            ours.name,
            f"{100 * ours.accuracy.mean:.2f} %",
            f"{100 * ours.drop:.2f}",
            f"{100 * theirs.accuracy.mean:.2f} %",
            f"{100 * theirs.drop:.2f}",
            ours.definition,
        )
        for ours, theirs in zip(model.robustness, teacher.robustness, strict=True)
    ]
    header = ("faces", "these weights", "drop, points", "teacher", "drop, points", "what was done")
    return Table(header=header, rows=tuple(rows))


def cost_table(model: Judged, teacher: Judged) -> Table:
    """Time, weights, work, bytes."""
    ours, theirs = model.cost, teacher.cost
    both = (ours, theirs)
    rows: list[tuple[str, ...]] = [
        ("ms a face, one core, float32", *(f"{one.one_core_ms:.1f}" for one in both), "25 ms"),
        ("ms a face, two cores, float32", *(f"{one.two_cores_ms:.1f}" for one in both), ""),
    ]
    if not math.isnan(ours.int8_one_core_ms):
        rows += [
            ("ms a face, one core, int8", *(_ms(one.int8_one_core_ms) for one in both), "25 ms"),
            ("ms a face, two cores, int8", *(_ms(one.int8_two_cores_ms) for one in both), ""),
        ]
    rows += [
        ("weights, millions", *(f"{one.parameters / 1e6:.2f}" for one in both), ""),
        ("GMACs a face", *(f"{one.macs / 1e9:.3f}" for one in both), ""),
        ("files, MB", *(f"{one.bytes / 1e6:.1f}" for one in both), "25 MB"),
    ]
    return Table(header=FIGURE_HEADER, rows=tuple(rows))


def accuracy_text(judged: Judged) -> str:
    """The accuracy by folds and its standard error."""
    accuracy = judged.lfw.accuracy
    if accuracy is None:
        return NO_FIGURE
    return f"{100 * accuracy.mean:.2f} % ± {100 * accuracy.standard_error:.2f}"


def tar_text(report: VerificationReport, rate: float) -> str:
    """The true match rate at a FMR, or that there are too few pairs."""
    for point in report.tar_at_far:
        if point.fmr == rate:
            return share(point.true_accept_rate, point.interval)
    return f"too few pairs: {report.impostor_pairs}"


def match_text(rate: GroupRate) -> str:
    """A false match rate in thousandths, which are its size here."""
    if math.isnan(rate.rate):
        return f"too few pairs: {rate.pairs}"
    low, high = 1000 * rate.interval.low, 1000 * rate.interval.high
    return f"{1000 * rate.rate:.2f} ‰ (95 %: {low:.2f} to {high:.2f})"


def _without_face(judged: Judged) -> str:
    missed, images = len(judged.lfw.without_face), judged.lfw.images
    return f"{missed} of {images:,} ({100 * missed / images:.2f} %)"


def _non_enrolled_of(judged: Judged, rate: float) -> str:
    unknown = judged.photos.unknown
    found = [one for one in judged.non_enrolled if one.fmr == rate]
    return _non_enrolled_text(found[0], unknown) if found else NO_FIGURE


def _non_enrolled_text(one: NonEnrolledNamed, unknown: int) -> str:
    return f"{share(one.named / unknown, one.interval)}, at {one.threshold:.3f}"


def _at_fpir(judged: Judged, rate: float) -> str:
    found = [one for one in judged.at_fpir if one.fpir == rate]
    if not found:
        return NO_FIGURE
    named = share(found[0].named / judged.photos.unknown, found[0].interval)
    return f"{named}, TPIR {100 * found[0].tpir:.2f} %, at {found[0].threshold:.3f}"


def _number(value: float) -> str:
    return NO_FIGURE if math.isnan(value) else f"{value:.2f}"


def _ms(value: float) -> str:
    return NO_FIGURE if math.isnan(value) else f"{value:.1f}"
