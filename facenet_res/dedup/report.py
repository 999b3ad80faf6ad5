"""The report stage: what was found, as JSON, CSV, Parquet, an HTML page and plain text.

`report.json` holds everything; its keys:

    schema              3; grows when a key changes its meaning
    folder              as it was given
    root                the same, absolute
    model_id            of the embeddings; "" where no faces were compared
    similarity_min      least cosine of two faces of one person
    fmr   that this threshold was measured for; 0: set by hand
    finished_at         UTC, ISO 8601      } all else is the same, byte for byte,
    seconds             the run took       } for the same photos and settings
    counts              see `types.Counts`
    copies[]            group_id, excess_bytes, members[]: see `types.CopyMember`; the first is
                        the one suggested to be kept
    containers[]        collages with what they contain, no copies: see `types.Container`
    people[]            group_id, name, faces[]: see `types.PersonFace`; boxes are x0 y0 x1 y1 in
                        px, the similarity is the mean to the person's other faces
    alike[]             two faces of one image that look like one person, see `types.FacesAlike`
    set_aside[]         faces too weak to open a group that joined none: see `types.FaceSetAside`
    identities[]        folders of enrolled people that are one person: see
                        `types.IdentityDuplicate`
    skipped[]           path, reason, message

Paths are relative to the folder, with "/". `groups.csv` and `groups.parquet` have one line for
each file of a group of copies and each face of a person.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from facenet_res.core.files import OWNER_ONLY, write_atomically
from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.page import write_page
from facenet_res.dedup.summary import summary_of
from facenet_res.dedup.types import CopyKind, DedupReport

SCHEMA: Final = 3
PARQUET_NAME: Final = "groups.parquet"
JSON_NAME: Final = "report.json"
CSV_NAME: Final = "groups.csv"
TEXT_NAME: Final = "summary.txt"

_COLUMNS: Final = (
    "group_id", "role", "path", "bytes", "width_px", "height_px", "sha256", "changes",
    "similarity", "x0", "y0", "x1", "y1", "name",
)  # fmt: skip
_NUMBERS: Final = {
    "bytes": pa.int64(),
    "width_px": pa.int32(),
    "height_px": pa.int32(),
} | dict.fromkeys(("similarity", "x0", "y0", "x1", "y1"), pa.float64())
_SCHEMA: Final = pa.schema({name: _NUMBERS.get(name, pa.string()) for name in _COLUMNS})
# What a spreadsheet would run as a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_report(folder: Path, out: Path, config: DedupConfig, report: DedupReport) -> None:
    """Writes the four files.

    Raises:
        DiskFull: one could not be written; the others are whole.
    """
    texts = {
        JSON_NAME: json.dumps(as_json(report), indent=1) + "\n",
        CSV_NAME: as_csv(report),
        TEXT_NAME: summary_of(report),
    }
    for name, text in texts.items():
        # A file name that is no UTF-8 comes as lone surrogates, which UTF-8 cannot hold.
        write_atomically(out / name, text.encode("utf-8", "backslashreplace"), OWNER_ONLY)
    write_tables(out, report)
    write_page(folder, out, config, report)


def as_json(report: DedupReport) -> dict[str, Any]:
    """The report as plain values, see above."""
    groups = report.groups
    return {
        "schema": SCHEMA,
        "folder": report.folder,
        "root": str(Path(report.folder).absolute()),
        "model_id": report.model_id,
        "similarity_min": report.similarity_min,
        "fmr": report.fmr,
        "finished_at": report.finished_at,
        "seconds": report.seconds,
        "counts": asdict(groups.counts),
        "copies": [asdict(group) | {"excess_bytes": group.excess_bytes} for group in groups.copies],
        "people": [asdict(group) for group in groups.people],
        "containers": [asdict(each) for each in groups.containers],
        "alike": [asdict(pair) for pair in groups.alike],
        "set_aside": [asdict(face) for face in groups.set_aside],
        "identities": [asdict(pair) for pair in groups.identities],
        "skipped": [asdict(file) for file in groups.skipped],
    }


def as_csv(report: DedupReport) -> str:
    """The groups as CSV (RFC 4180), with a line of names."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, restval="")
    writer.writeheader()
    for row in group_rows(report):
        writer.writerow(row | {"path": _harmless(row["path"])})
    return buffer.getvalue()


def write_tables(out: Path, report: DedupReport) -> None:
    """Writes the same rows as Parquet.

    Raises:
        DiskFull: it could not be written.
    """
    rows = [row | {"path": _text(row["path"])} for row in group_rows(report)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), buffer)
    write_atomically(out / PARQUET_NAME, buffer.getvalue(), OWNER_ONLY)


def group_rows(report: DedupReport) -> Iterator[dict[str, Any]]:
    """A row for each file of a group of copies and each face of a person, by column."""
    for copies in report.groups.copies:
        for member in copies.members:
            row = asdict(member) | {"group_id": copies.group_id, "role": row_role(member.kind)}
            row["changes"] = "; ".join(member.changes)
            yield {name: row[name] for name in _COLUMNS if name in row}
    for person in report.groups.people:
        for face in person.faces:
            row = {"group_id": person.group_id, "name": person.name}
            told = {"role": "face", "path": face.path, "sha256": face.sha256}
            yield row | told | _place(face.box) | {"similarity": face.similarity}
            # Where the face is in a copy is not known: it may be cropped or turned.
            yield from (row | {"role": "face in a copy", "path": copy} for copy in face.copies)


def row_role(kind: CopyKind) -> str:
    """The role of a copy's line: "keep", "byte-equal copy", "edited copy", ..."""
    return "keep" if kind == CopyKind.KEEP else f"{kind} copy"


def _place(box: Box) -> dict[str, float]:
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}


def _text(path: str) -> str:
    """A path that UTF-8 can hold: bytes that are none are spelled out."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _harmless(path: str) -> str:
    return f"./{path}" if path.startswith(_FORMULA_STARTS) else path
