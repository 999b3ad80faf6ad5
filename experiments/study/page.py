"""A study as a Markdown page: what was asked, one row a trial, and where it was measured."""

from itertools import groupby
from pathlib import Path

from experiments.study.record import Record
from experiments.study.trial import Study, Trial
from facenet_res.core.files import write_atomically
from facenet_res.evaluation.model_card import markdown_table
from facenet_res.evaluation.page import Table

HEADER = (
    "trial",
    "parameters",
    "GMACs",
    "ms a face, f32",
    "bf16",
    "int8",
    "training, images/s",
    "images seen",
    "TAR at FAR 1e-2",
    "TAR at FAR 1e-3",
    "cosine to the teacher",
)

PRECISIONS = ("f32", "bf16", "int8")


def write_page(study: Study, records: list[Record | None], path: Path, command: str) -> None:
    """Writes the page.

    Args:
        study: what was asked.
        records: of its trials, in their order; None for one that was left out.
        path: the file.
        command: what makes the page anew.

    Raises:
        DiskFull: nothing could be written.
    """
    write_atomically(path, page_text(study, records, command).encode())


def page_text(study: Study, records: list[Record | None], command: str) -> str:
    """The page, in Markdown; see `write_page`."""
    pairs = list(zip(study.trials, records, strict=True))
    lines = [f"# {study.title}", "", study.question, "", f"Made by `{command}`.", ""]
    for group, members in groupby(pairs, key=lambda pair: pair[0].group):
        found = list(members)
        rows = tuple(_cells(trial, record) for trial, record in found if record is not None)
        lines += [f"## {group}", ""]
        lines += [markdown_table(Table(header=HEADER, rows=rows)), ""] if rows else []
        left_out = [trial for trial, record in found if record is None]
        for trial in left_out:
            lines += [f"Not run: {trial.what}. It needs `{trial.needs}`, which was absent.", ""]
    return "\n".join([*lines, *_where([each for each in records if each is not None]), ""])


def _cells(trial: Trial, record: Record) -> tuple[str, ...]:
    times = [
        f"{record.face_ms[each]:.2f}" if each in record.face_ms else "-" for each in PRECISIONS
    ]
    cosine = "-" if record.teacher_cosine is None else f"{record.teacher_cosine:.3f}"
    return (
        trial.what,
        f"{record.parameters / 1e6:.2f} M",
        f"{record.gmacs:.2f}",
        *times,
        f"{record.images_per_s:.0f}",
        f"{record.images:,}",
        f"{100 * record.tar['0.01']:.1f} %",
        f"{100 * record.tar['0.001']:.1f} %",
        cosine,
    )


def _starts(records: list[Record]) -> list[str]:
    """Which weights trials went on from: what is called the default changes with time."""
    found = sorted({(each.config["start"], each.start_sha256) for each in records} - {("", "")})
    listed = [f"`{start}` with SHA-256 {sha256}" for start, sha256 in found]
    return [f"Trials that did not begin anew began from {', '.join(listed)}.", ""] if found else []


def _where(records: list[Record]) -> list[str]:
    if not records:
        return ["Nothing was measured."]
    places = sorted({record.environment.machine for record in records})
    found = [record.environment.versions.items() for record in records]
    versions = sorted({f"{name} {number}" for each in found for name, number in each})
    days = sorted({record.date for record in records})
    return [
        "Rates of true accepts are those of all pairs of the people held out of training. "
        "Milliseconds are medians on one core with OpenVINO: bf16 where the CPU has it, int8 where "
        "the channels are a multiple of 16.",
        "",
        *_starts(records),
        f"{', '.join(places)}; {', '.join(versions)}; {' to '.join(sorted({days[0], days[-1]}))}.",
    ]
