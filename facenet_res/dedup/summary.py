"""The report in a few lines of plain text, and the sentences that the HTML page shares with it."""

from typing import Final

from facenet_res.dedup.types import DedupReport

_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_SKIPPED_MAX: Final = 20


def summary_of(report: DedupReport) -> str:
    """What was found, for a terminal."""
    groups, counts = report.groups, report.groups.counts
    lines = [
        f"{counts.photos} photos ({size_text(counts.photo_bytes)}) in {report.folder}",
        f"{counts.byte_equal_copies} byte-equal and {counts.near_copies} near copies in "
        f"{len(groups.copies)} groups; without them {size_text(counts.excess_bytes)} less",
        f"{len(groups.people)} people in several photos; {threshold_text(report)}",
    ]
    if groups.alike:
        lines.append(f"{len(groups.alike)} times two faces in one photo look like one person")
    lines.append(f"{counts.skipped} files skipped" + (":" if groups.skipped else ""))
    lines.extend(
        f"  {file.path}: {file.message} ({file.reason})" for file in groups.skipped[:_SKIPPED_MAX]
    )
    if len(groups.skipped) > _SKIPPED_MAX:
        lines.append(f"  and {len(groups.skipped) - _SKIPPED_MAX} more, see report.json")
    lines.append("Nothing was deleted, moved or changed.")
    return "\n".join(lines) + "\n"


def threshold_text(report: DedupReport) -> str:
    """From which similarity on two faces are one person, and how often that is wrong."""
    if not report.model_id:
        return "faces were not compared"
    counts = report.groups.counts
    text = (
        f"{counts.faces_compared} of {counts.faces} faces compared by {report.model_id}, "
        f"one person from a similarity of {report.similarity_min:.3f} on"
    )
    if report.fmr > 0:
        one_in = round(1 / report.fmr)
        return text + f", which 1 in {one_in:,} pairs of different people reaches"
    return text + " (set by hand: how often that is wrong was not measured)"


def size_text(size_bytes: float) -> str:
    """A size for people, in powers of 1000."""
    unit = 0
    while size_bytes >= 999.5 and unit < len(_UNITS) - 1:
        size_bytes /= 1000
        unit += 1
    return f"{size_bytes:.0f} bytes" if unit == 0 else f"{size_bytes:.3g} {_UNITS[unit]}"
