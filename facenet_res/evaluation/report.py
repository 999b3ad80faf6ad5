"""Results for machines (JSON) and for people (rows, Markdown)."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from facenet_res.core.files import write_atomically
from facenet_res.evaluation.intervals import Interval
from facenet_res.evaluation.lfw import VerificationReport
from facenet_res.evaluation.photos import PhotosReport

Row = tuple[str, str]
"""What was measured, and the figure."""


def to_json(report: VerificationReport | PhotosReport) -> str:
    """The whole report as indented JSON; what is not a finite number becomes null."""
    return json.dumps(_finite(dataclasses.asdict(report)), indent=2, ensure_ascii=False)


def to_markdown(title: str, rows: list[Row]) -> str:
    """A heading and a table of two columns."""
    lines = [f"# {title}", "", "| figure | value |", "|---|---|"]
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows]
    return "\n".join(lines) + "\n"


def write_report(
    folder: Path, title: str, report: VerificationReport | PhotosReport, rows: list[Row]
) -> None:
    """Writes report.json and report.md into a folder, which is made where it is not there.

    Raises:
        DiskFull: nothing could be written.
    """
    write_atomically(folder / "report.json", to_json(report).encode())
    write_atomically(folder / "report.md", to_markdown(title, rows).encode())


def verification_rows(report: VerificationReport) -> list[Row]:
    """The figures of a set of pairs."""
    accuracy = report.accuracy
    missed = len(report.without_face)
    rows = [
        ("model", report.model_id),
        (
            f"accuracy, {len(accuracy.folds)} folds",
            f"{100 * accuracy.mean:.2f} % +- {100 * accuracy.standard_error:.2f}",
        ),
        ("pairs / photographs", f"{report.pairs} / {report.photographs}"),
        (
            "photographs without a face",
            f"{missed} ({100 * missed / report.photographs:.2f} %), judged by the picture's middle",
        ),
        (
            "photographs with several faces",
            f"{report.with_several_faces}, judged by the large and central one",
        ),
        ("equal error rate", f"{100 * report.equal_error_rate:.2f} %"),
        ("area under the ROC", f"{report.area_under_curve:.5f}"),
    ]
    rows += [
        (
            f"TAR at FAR {point.false_accept_rate:.0e}",
            f"{_share(point.true_accept_rate, point.interval)}, threshold {point.threshold:.4f}",
        )
        for point in report.tar_at_far
    ]
    rows.append(("least FAR that the pairs support", f"{report.least_rate:.1e}"))
    rows.append(
        ("thresholds of the folds", _span([fold.threshold for fold in accuracy.folds], digits=4))
    )
    return rows


def photos_rows(report: PhotosReport) -> list[Row]:
    """The figures of people enrolled and asked for."""
    point = report.open_set
    return [
        (
            "enrolled",
            f"{report.people_enrolled} people, {report.faces_enrolled} photographs"
            f" ({len(report.enrolments_refused)} refused)",
        ),
        ("asked: people enrolled", f"{report.known} photographs"),
        ("asked: people never enrolled", f"{report.unknown} photographs"),
        ("photographs without a usable face", f"{report.without_face}, counted as misses"),
        ("rank-1", _share(report.rank_1, report.rank_1_interval)),
        ("threshold", f"{report.threshold:.4f}"),
        ("named rightly at the threshold", _of(report.named_rightly, report.known)),
        ("named wrongly at the threshold", _of(report.named_wrongly, report.known)),
        (
            "false accepts of people never enrolled",
            f"{_of(report.false_accepts, report.unknown)}, {_range(report.false_accepts_interval)}",
        ),
        (
            "TPIR at FPIR 1 %",
            f"{100 * point.true_positive_rate:.2f} % (measured FPIR "
            f"{100 * point.false_positive_rate:.2f} %, threshold {point.threshold:.4f}, "
            "chosen on these photographs)",
        ),
    ]


def _share(rate: float, interval: Interval) -> str:
    return f"{100 * rate:.2f} % ({_range(interval)})"


def _range(interval: Interval) -> str:
    return f"95 %: {100 * interval.low:.2f} to {100 * interval.high:.2f} %"


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({100 * count / total:.2f} %)"


def _span(values: list[float], digits: int) -> str:
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
