"""Results for machines (JSON) and for people (rows, Markdown)."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from facenet_res.core.files import write_atomically
from facenet_res.evaluation.groups import GroupRate, GroupsReport
from facenet_res.evaluation.identification_report import IdentificationReport
from facenet_res.evaluation.intervals import Interval
from facenet_res.evaluation.photos import PhotosReport
from facenet_res.evaluation.verification_report import RefusedRate, VerificationReport

Row = tuple[str, str]
"""What was measured, and the figure."""

Report = VerificationReport | PhotosReport | IdentificationReport | GroupsReport


def to_json(report: Report | dict[str, Report]) -> str:
    """The whole report as indented JSON; what is not a finite number becomes null.

    Several reports become one document, each under its name.
    """
    value = (
        {name: dataclasses.asdict(one) for name, one in report.items()}
        if isinstance(report, dict)
        else dataclasses.asdict(report)
    )
    return json.dumps(finite(value), indent=2, ensure_ascii=False)


def to_markdown(title: str, rows: list[Row]) -> str:
    """A heading and a table of two columns."""
    lines = [f"# {title}", "", "| figure | value |", "|---|---|"]
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows]
    return "\n".join(lines) + "\n"


def write_report(
    folder: Path, title: str, report: Report | dict[str, Report], rows: list[Row], page: str
) -> None:
    """Writes report.json, report.md and report.html into a folder, made where it is not there.

    Raises:
        DiskFull: nothing could be written.
        NotWritable: we may not write there.
    """
    write_atomically(folder / "report.json", to_json(report).encode())
    write_atomically(folder / "report.md", to_markdown(title, rows).encode())
    write_atomically(folder / "report.html", page.encode())


def verification_rows(report: VerificationReport) -> list[Row]:
    """The figures of a set of pairs."""
    accuracy = report.accuracy
    rows = [("model", report.model_id)] if report.model_id else []
    if accuracy is not None:
        rows.append(
            (
                f"accuracy, {len(accuracy.folds)} folds",
                f"{100 * accuracy.mean:.2f} % +- {100 * accuracy.standard_error:.2f}",
            )
        )
    rows.append(
        (
            "pairs of one person / of two",
            f"{report.genuine_pairs} / {report.impostor_pairs}",
        )
    )
    if report.images:
        rows += _photograph_rows(report)
    rows += [
        ("equal error rate", f"{100 * report.equal_error_rate:.2f} %"),
        ("area under the ROC", f"{report.area_under_curve:.5f}"),
    ]
    rows += [
        (
            f"TMR at FMR {point.fmr:.0e}",
            f"{share(point.true_accept_rate, point.interval)}, threshold {point.threshold:.4f}",
        )
        for point in report.tar_at_far
    ]
    rows += [_refused_row("TMR at FMR", one, "pairs of two people") for one in report.refused]
    rows.append(("least FMR that the pairs support", f"{report.least_rate:.1e}"))
    rows.append(("intervals", drawn_text(report)))
    if accuracy is not None:
        folds = [fold.threshold for fold in accuracy.folds]
        rows.append(("thresholds of the folds", _span(folds, digits=4)))
    return rows


def _photograph_rows(report: VerificationReport) -> list[Row]:
    missed = len(report.without_face)
    return [
        ("photographs", str(report.images)),
        (
            "images without a face",
            f"{missed} ({100 * missed / report.images:.2f} %), judged by the image's middle",
        ),
        (
            "images with several faces",
            f"{report.with_several_faces}, judged by the large and central one",
        ),
    ]


def identification_rows(report: IdentificationReport) -> list[Row]:
    """The figures of queries against a gallery."""
    rows = [
        ("model", report.model_id),
        ("people in the gallery", str(report.people)),
        ("queries of them / of non-enrolled people", f"{report.mated} / {report.unmated}"),
    ]
    rows += [(f"rank-{one.rank}", share(one.rate, one.interval)) for one in report.rank_rates]
    rows += [
        (
            f"TPIR at FPIR {one.false_positive_rate:.0e}",
            f"{share(one.true_positive_rate, one.interval)}, threshold {one.threshold:.4f}",
        )
        for one in report.tpir_at_fpir
    ]
    rows += [
        _refused_row("TPIR at FPIR", one, "queries of non-enrolled people")
        for one in report.refused
    ]
    rows.append(("intervals", drawn_text(report)))
    return rows


def mean_rows(reports: dict[str, IdentificationReport]) -> list[Row]:
    """The mean of several galleries, as IJB's 1:N figures are published."""
    count = len(reports)
    ranked: dict[int, list[float]] = {}
    open_set: dict[float, list[float]] = {}
    for report in reports.values():
        for rank in report.rank_rates:
            ranked.setdefault(rank.rank, []).append(rank.rate)
        for point in report.tpir_at_fpir:
            open_set.setdefault(point.false_positive_rate, []).append(point.true_positive_rate)
    means = {f"rank-{rank}": rates for rank, rates in ranked.items()}
    means |= {f"TPIR at FPIR {rate:.0e}": rates for rate, rates in open_set.items()}
    return [
        (f"mean of {count} galleries: {name}", f"{100 * sum(rates) / count:.2f} %")
        for name, rates in means.items()
        if len(rates) == count
    ]


def groups_rows(report: GroupsReport) -> list[Row]:
    """The figures per group."""
    chosen = report.fmr
    rows = [
        ("model", report.model_id),
        ("images / people", f"{report.images} / {report.people}"),
        (
            "threshold for all",
            f"{report.threshold:.4f}"
            + (f", which accepts {chosen:g} of all pairs of two people" if chosen else ""),
        ),
    ]
    for attribute in report.attributes:
        for group in attribute.groups:
            rows += [
                (f"{attribute.name} {group.name}: FMR", rate_text(group.false_accepts)),
                (f"{attribute.name} {group.name}: FNMR", rate_text(group.false_rejects)),
            ]
        for kind, one in (("FMR", attribute.false_accepts), ("FNMR", attribute.false_rejects)):
            if one.worst:
                worst = "no error at all"
                if not math.isnan(one.worst_to_mean):
                    worst = f"{one.worst_to_mean:.2f} times the mean ({one.worst})"
                rows.append((f"{attribute.name}: worst {kind}", worst))
    return rows


def photos_rows(report: PhotosReport) -> list[Row]:
    """The figures of people enrolled and asked for."""
    point = report.open_set
    return [
        (
            "enrolled",
            f"{report.people_enrolled} people, {report.faces_enrolled} images"
            f" ({len(report.enrolments_refused)} refused)",
        ),
        ("asked: people enrolled", f"{report.known} images"),
        ("asked: people never enrolled", f"{report.unknown} images"),
        ("images without a usable face", f"{report.without_face}, counted as misses"),
        ("rank-1", share(report.rank_1, report.rank_1_interval)),
        ("threshold", f"{report.threshold:.4f}"),
        ("named rightly at the threshold", _of(report.named_rightly, report.known)),
        ("named wrongly at the threshold", _of(report.named_wrongly, report.known)),
        (
            "false matches of people never enrolled",
            f"{_of(report.false_accepts, report.unknown)}, {_range(report.false_accepts_interval)}",
        ),
        (
            "TPIR at FPIR 1 %",
            f"{100 * point.true_positive_rate:.2f} % (measured FPIR "
            f"{100 * point.false_positive_rate:.2f} %, threshold {point.threshold:.4f}, "
            "chosen on these images)",
        ),
    ]


def share(rate: float, interval: Interval) -> str:
    """A share in percent, and its interval."""
    return f"{100 * rate:.2f} % ({_range(interval)})"


def rate_text(rate: GroupRate) -> str:
    """A rate of errors, or why there is none."""
    if math.isnan(rate.rate):
        return f"too few pairs: {rate.pairs}, {rate.pairs_needed} are needed"
    digits = 2 if rate.rate >= 1e-3 or rate.rate == 0 else 4
    return (
        f"{100 * rate.rate:.{digits}f} % (95 %: {100 * rate.interval.low:.{digits}f} to "
        f"{100 * rate.interval.high:.{digits}f} %), {rate.errors} of {rate.pairs} pairs"
    )


def drawn_text(report: VerificationReport | IdentificationReport) -> str:
    """What the intervals are made of."""
    if report.drawn == "pair":
        return "95 %; drawn over pairs as if independent, since nothing says who is on them"
    plural = {"person": "people", "template": "templates"}[report.drawn]
    return f"95 %; drawn over {report.drawn_count} {plural}, or binomial where that is wider"


def _refused_row(name: str, refused: RefusedRate, what: str) -> Row:
    return (
        f"{name} {refused.rate:.0e}",
        f"refused: needs {refused.needed} {what}, there are {refused.found}",
    )


def _range(interval: Interval) -> str:
    return f"95 %: {100 * interval.low:.2f} to {100 * interval.high:.2f} %"


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({100 * count / total:.2f} %)"


def _span(values: list[float], digits: int) -> str:
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def finite(value: Any) -> Any:
    """The value with null for numbers that are not finite, which JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
