"""The report stage: what was found, as JSON, CSV, one HTML page and plain text.

`report.json` holds everything; its keys:

    schema              2; grows when a key changes its meaning. Until 1 the similarity of a
                        face was that to the mean of the person's faces
    folder              as it was given
    model_id            of the embeddings; "" where no faces were compared
    similarity_min      least cosine of two faces of one person
    fmr   that this threshold was measured for; 0: set by hand
    finished_at         UTC, ISO 8601      } all else is the same, byte for byte,
    seconds             the run took       } for the same photos and settings
    counts              see `types.Counts`
    copies[]            group_id, excess_bytes, members[]: see `types.CopyMember`; the first is
                        the one suggested to be kept
    people[]            group_id, faces[]: see `types.PersonFace`; boxes are x0 y0 x1 y1 in px,
                        the similarity is the mean to the person's other faces
    alike[]             two faces of one photo that look like one person: path, first, second,
                        similarity
    skipped[]           path, reason, message

Paths are relative to the folder, with "/". `groups.csv` has one line for each file of a group of
copies and each face of a person.
"""

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from facenet_res.core.files import OWNER_ONLY, write_atomically
from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.html import rendered
from facenet_res.dedup.summary import summary_of
from facenet_res.dedup.types import CopyKind, DedupReport

SCHEMA: Final = 2
JSON_NAME: Final = "report.json"
CSV_NAME: Final = "groups.csv"
HTML_NAME: Final = "report.html"
TEXT_NAME: Final = "summary.txt"

_COLUMNS: Final = (
    "group_id", "role", "path", "bytes", "width_px", "height_px", "sha256", "changes",
    "similarity", "x0", "y0", "x1", "y1",
)  # fmt: skip
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
        HTML_NAME: rendered(folder, config, report),
        TEXT_NAME: summary_of(report),
    }
    for name, text in texts.items():
        # A file name that is no UTF-8 comes as lone surrogates, which UTF-8 cannot hold.
        write_atomically(out / name, text.encode("utf-8", "backslashreplace"), OWNER_ONLY)


def as_json(report: DedupReport) -> dict[str, Any]:
    """The report as plain values, see above."""
    groups = report.groups
    return {
        "schema": SCHEMA,
        "folder": report.folder,
        "model_id": report.model_id,
        "similarity_min": report.similarity_min,
        "fmr": report.fmr,
        "finished_at": report.finished_at,
        "seconds": report.seconds,
        "counts": asdict(groups.counts),
        "copies": [asdict(group) | {"excess_bytes": group.excess_bytes} for group in groups.copies],
        "people": [asdict(group) for group in groups.people],
        "alike": [asdict(pair) for pair in groups.alike],
        "skipped": [asdict(file) for file in groups.skipped],
    }


def as_csv(report: DedupReport) -> str:
    """The groups as CSV (RFC 4180), with a line of names."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, restval="")
    writer.writeheader()
    for copies in report.groups.copies:
        for member in copies.members:
            row = asdict(member) | {"group_id": copies.group_id, "role": row_role(member.kind)}
            row["changes"] = "; ".join(member.changes)
            row["path"] = _harmless(member.path)
            for name in ("kind", "shown", "overlay", "kept_because", "link"):
                del row[name]
            writer.writerow(row)
    for person in report.groups.people:
        for face in person.faces:
            place = _place(face.box) | {"group_id": person.group_id}
            similarity = face.similarity
            path = _harmless(face.path)
            writer.writerow(place | {"role": "face", "path": path, "similarity": similarity})
            for copy in face.copies:
                # Where the face is in a copy is not known: it may be cropped or turned.
                row = {"group_id": person.group_id, "role": "face in a copy"}
                writer.writerow(row | {"path": _harmless(copy)})
    return buffer.getvalue()


def row_role(kind: CopyKind) -> str:
    """The role of a copy's line: "keep", "byte-equal copy", "edited copy", ..."""
    return "keep" if kind == CopyKind.KEEP else f"{kind} copy"


def _place(box: Box) -> dict[str, float]:
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}


def _harmless(path: str) -> str:
    return f"./{path}" if path.startswith(_FORMULA_STARTS) else path
