"""The report as a folder of static files: a page, its data, and one small JPEG for each image.

`report.html` opens from the disk without a server, a network or a request to anywhere; `review`
serves the same files and adds decisions. The page draws only what is in sight, so that it opens at
once for 100,000 groups.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from facenet_res.core.errors import InputError
from facenet_res.core.files import OWNER_ONLY, make_folder, write_atomically, write_fault
from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.face_table import read_face_thumbnails
from facenet_res.dedup.fingerprint import view_of
from facenet_res.dedup.fingerprint_table import FingerprintTable
from facenet_res.dedup.summary import size_text, threshold_text
from facenet_res.dedup.types import DedupReport
from facenet_res.imaging.decode import read_image
from facenet_res.imaging.encode import encode_jpeg

PAGE_NAME: Final = "report.html"
FILES_NAME: Final = "report_files"
IMAGES_NAME, FACES_NAME = "images", "faces"
_QUALITY: Final = 85


def write_page(folder: Path, out: Path, config: DedupConfig, report: DedupReport) -> None:
    """Writes the page, its data and the images that it shows; others are removed.

    Raises:
        DiskFull, NotWritable: something could not be written.
    """
    source = files("facenet_res.dedup").joinpath("page")
    for name in (IMAGES_NAME, FACES_NAME):
        make_folder(out / FILES_NAME / name)
    _write_images(folder, out, config, report)
    _write_faces(out, config, report)
    data = json.dumps(page_data(out, report), separators=(",", ":"))
    texts = {
        f"{FILES_NAME}/page.css": source.joinpath("page.css").read_bytes(),
        f"{FILES_NAME}/page.js": source.joinpath("page.js").read_bytes(),
        f"{FILES_NAME}/index.js": f"window.DEDUP_REPORT={data};\n".encode("ascii"),
        PAGE_NAME: source.joinpath("page.html").read_bytes(),
    }
    for name, text in texts.items():
        write_atomically(out / name, text, OWNER_ONLY)


def page_data(out: Path, report: DedupReport) -> dict[str, Any]:
    """What the page shows, as plain values."""
    groups, counts = report.groups, report.groups.counts
    figures = (
        (f"{counts.photos:,}", f"images, {size_text(counts.photo_bytes)}"),
        (f"{counts.byte_equal_copies:,}", "byte-equal copies"),
        (f"{counts.near_copies:,}", "changed copies"),
        (size_text(counts.excess_bytes), "taken by copies"),
        (f"{len(groups.people):,}", "people in several images"),
        (f"{counts.faces_compared:,}", f"of {counts.faces:,} faces compared"),
        (f"{counts.skipped:,}", "files skipped"),
    )
    return {
        "folder": report.folder,
        "out": str(out),
        "figures": figures,
        "similarity_min": report.similarity_min,
        "histogram": groups.nearest_histogram,
        "made": f"Made by facenet-res at {report.finished_at}; {threshold_text(report)}. This page "
        "shows people: treat it as personal data. Nothing was deleted, moved or changed.",
        "copies": [
            {
                "id": group.group_id,
                "excess": group.excess_bytes,
                "members": [_without(asdict(each), "similarity", "link") for each in group.members],
            }
            for group in groups.copies
        ],
        "people": [
            {"id": g.group_id, "name": g.name, "faces": [_faced(asdict(face)) for face in g.faces]}
            for g in groups.people
        ],
        "identities": [
            asdict(pair)
            | {"path": f"{pair.first} = {pair.second}"}
            | {"faces": [_faced(asdict(face)) for face in (pair.first_face, pair.second_face)]}
            for pair in groups.identities
        ],
        "containers": [asdict(each) for each in groups.containers],
        "alike": [_without(asdict(each), "first", "second") for each in groups.alike],
        "aside": [_faced(asdict(face)) for face in groups.set_aside],
        "skipped": [asdict(file) for file in groups.skipped],
    }


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def _faced(record: dict[str, Any]) -> dict[str, Any]:
    box = Box(**record["box"])
    return record | {"box": [box.x0, box.y0, box.x1, box.y1]}


def _write_images(folder: Path, out: Path, config: DedupConfig, report: DedupReport) -> None:
    """The views of the images in groups, as the fingerprints hold them."""
    groups = report.groups
    wanted = {member.sha256: member.path for group in groups.copies for member in group.members}
    wanted |= {each.sha256: each.path for each in groups.containers}
    wanted |= {each.part_sha256: each.part_path for each in groups.containers}
    place = out / FILES_NAME / IMAGES_NAME
    missing = _missing(place, wanted)
    table = FingerprintTable(out, config.limits).read()
    rows = {name: row for row, name in enumerate(table["sha256"].to_pylist()) if name in missing}
    for name in sorted(missing):
        view = table["view"][rows[name]].as_py() if name in rows else None
        # Byte-equal files of a run without fingerprints are decoded for the page alone.
        view = view or _decoded(folder / wanted[name], config)
        if view:
            _write(place / f"{name}.jpg", view)


def _write_faces(out: Path, config: DedupConfig, report: DedupReport) -> None:
    groups = report.groups
    people = ((face.sha256, face.number) for group in groups.people for face in group.faces)
    twice = (
        (face.sha256, face.number)
        for pair in groups.identities
        for face in (pair.first_face, pair.second_face)
    )
    aside = ((face.sha256, face.number) for face in groups.set_aside)
    wanted = {f"{name}-{number}": None for name, number in (*people, *aside, *twice)}
    wanted |= {f"{pair.sha256}-{number}": None for pair in groups.alike for number in pair.numbers}
    place = out / FILES_NAME / FACES_NAME
    missing = _missing(place, wanted)
    for name, thumbnail in read_face_thumbnails(out, config, missing):
        _write(place / f"{name}.jpg", thumbnail)


def _missing(place: Path, wanted: dict[str, Any]) -> set[str]:
    """The names that have no file yet; files of other names are removed."""
    there = {path.stem: path for path in _jpegs(place)}
    for name, path in there.items():
        if name not in wanted:
            path.unlink(missing_ok=True)
    return wanted.keys() - there.keys()


def _jpegs(place: Path) -> Iterator[Path]:
    return place.glob("*.jpg")


def _decoded(path: Path, config: DedupConfig) -> bytes:
    with suppress(InputError):
        return encode_jpeg(view_of(read_image(path, config.limits)), _QUALITY)
    return b""


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, but without a flush: an image of the page is made again at any time."""
    temporary = path.with_suffix(".part")
    try:
        temporary.touch(OWNER_ONLY)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_fault(path, error) from error
