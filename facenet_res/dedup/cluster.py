"""The cluster stage: files to groups of copies, faces of the kept photos to people."""

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facenet_res.core.errors import InputError, StateError
from facenet_res.dedup.camera import names_camera
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.describe import read_fingerprints
from facenet_res.dedup.embed import read_faces
from facenet_res.dedup.fingerprints import Fingerprints
from facenet_res.dedup.groups_file import read_groups, write_groups
from facenet_res.dedup.near import NearCopies, NearGroup, itself
from facenet_res.dedup.pairs import PixelComparison, read_pairs
from facenet_res.dedup.people import group_faces, near_pairs, similarities
from facenet_res.dedup.plan import Picture, changes_of, kind_of
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import (
    first_paths,
    read_others,
    read_photos,
    read_scan_skipped,
)
from facenet_res.dedup.stable_ids import with_stable_ids
from facenet_res.dedup.types import (
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    FacesAlike,
    Groups,
    PersonFace,
    PersonGroup,
    PhotoFaces,
    PhotoFile,
    SkippedFile,
    Stage,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Photos:
    """The readable photos: their files by SHA-256, and what is known of each picture."""

    files: dict[str, list[PhotoFile]]
    pictures: dict[str, Picture]


def cluster(folder: Path, out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Writes the groups.

    Raises:
        FileMissing: an earlier stage has not run.
        DiskFull: the output folder cannot be written.
    """
    on_progress(Progress(Stage.CLUSTER, 0, 2))
    listed = read_photos(out)
    paths = first_paths(listed)
    fingerprints, undecodable = read_fingerprints(out, config, paths)
    photos = _photos(folder, listed, fingerprints)
    comparison = PixelComparison(fingerprints)
    near = NearCopies(photos.pictures, read_pairs(out), comparison).groups()
    by_bytes = _by_bytes([*listed, *read_others(out)], photos)
    copies = _copy_groups(photos, near, by_bytes)
    on_progress(Progress(Stage.CLUSTER, 1, 2))
    faces, unembeddable = read_faces(out, config, paths)
    people, alike, compared = _people(faces, copies, near, photos, config)
    skipped = _all_skipped(listed, [*undecodable, *unembeddable], read_scan_skipped(out))
    unreadable = {file.path for file in skipped}
    files = [file for file in listed if file.path not in unreadable]
    counts = Counts(
        files=len(listed) + len(read_scan_skipped(out)),
        photos=len(files),
        photo_bytes=sum(file.bytes for file in files),
        byte_equal_copies=sum(len(same) - 1 for same in [*photos.files.values(), *by_bytes]),
        near_copies=sum(len(group.pairs) - 1 for group in near),
        excess_bytes=sum(group.excess_bytes for group in copies),
        faces=len(faces.sha256),
        faces_compared=compared,
        skipped=len(skipped),
    )
    found = Groups(counts, copies, people, alike, skipped)
    write_groups(out, with_stable_ids(found, _groups_before(out)))
    on_progress(Progress(Stage.CLUSTER, 2, 2))


def _groups_before(out: Path) -> Groups | None:
    """The groups of the run before; None where there are none that can be read."""
    try:
        return read_groups(out)
    except (InputError, StateError, KeyError, TypeError, ValueError):
        return None


def _photos(folder: Path, listed: list[PhotoFile], fingerprints: Fingerprints) -> _Photos:
    files: defaultdict[str, list[PhotoFile]] = defaultdict(list)
    for photo in listed:
        files[photo.sha256].append(photo)
    pictures = {}
    for row, name in enumerate(fingerprints.sha256):
        files[name].sort(key=_keep_first)
        first = files[name][0]
        width_px, height_px = fingerprints.size_px[row].tolist()
        pictures[name] = Picture(
            name,
            first.path,
            first.bytes,
            width_px,
            height_px,
            is_grey=bool(fingerprints.is_grey[row]),
            mtime_ns=min(file.mtime_ns for file in files[name]),
            pixels_sha256=fingerprints.pixels_sha256[row],
            colour=fingerprints.colour[row],
            clipped=fingerprints.clipped[row],
            detail=fingerprints.detail[row],
            names_camera=names_camera(folder / first.path),
            is_hidden=is_hidden(first.path),
        )
    return _Photos({name: files[name] for name in pictures}, pictures)


def is_hidden(path: str) -> bool:
    """Whether a file or a folder on the way to it is hidden: its name begins with a dot."""
    return any(part.startswith(".") for part in path.split("/"))


def _by_bytes(files: list[PhotoFile], photos: _Photos) -> list[list[PhotoFile]]:
    """Byte-equal files that have no pixels for us: damaged, too large, or no image."""
    same: defaultdict[str, list[PhotoFile]] = defaultdict(list)
    for file in sorted(files, key=_keep_first):
        if file.sha256 not in photos.pictures:
            same[file.sha256].append(file)
    return [group for group in same.values() if len(group) > 1]


def _keep_first(file: PhotoFile) -> tuple[bool, str]:
    # Visible files first: what is hidden is not missed.
    return is_hidden(file.path), file.path


def _copy_groups(
    photos: _Photos, near: list[NearGroup], by_bytes: list[list[PhotoFile]]
) -> tuple[CopyGroup, ...]:
    grouped = {pair.second for group in near for pair in group.pairs}
    alone = [
        NearGroup((itself(name),), ("",))
        for name, files in photos.files.items()
        if name not in grouped and len(files) > 1
    ]
    found = [
        tuple(_member(file, same[0], CopyKind.BYTE_EQUAL) for file in same) for same in by_bytes
    ]
    for group in [*near, *alone]:
        members = [
            member
            for pair, reason in zip(group.pairs, group.reasons, strict=True)
            for member in _members(photos, pair, reason)
        ]
        found.append((members[0], *sorted(members[1:], key=lambda member: member.path)))
    groups = [CopyGroup("", members) for members in found]
    groups.sort(key=lambda group: (-group.excess_bytes, group.members[0].path))
    return tuple(
        replace(group, group_id=f"copies-{number}") for number, group in enumerate(groups, start=1)
    )


def _members(photos: _Photos, pair: CopyPair, reason: str) -> list[CopyMember]:
    """Every file that holds the second image of a pair whose first is the kept one."""
    kept, picture = photos.pictures[pair.first], photos.pictures[pair.second]
    kind = kind_of(kept, picture, pair)
    changes = () if kind == CopyKind.BYTE_EQUAL else changes_of(kept, picture, pair)
    first = photos.files[pair.first][0]
    return [
        replace(
            _member(file, first, kind),
            width_px=picture.width_px,
            height_px=picture.height_px,
            changes=(*changes, *_member(file, first, kind).changes),
            similarity=pair.similarity,
            shown=pair.shown,
            overlay=pair.overlay,
            kept_because=reason,
        )
        for file in photos.files[pair.second]
    ]


def _member(file: PhotoFile, kept: PhotoFile, kind: CopyKind) -> CopyMember:
    """A file as far as its bytes tell."""
    is_link = file is not kept and file.link != "" and file.link == kept.link
    return CopyMember(
        path=file.path,
        bytes=file.bytes,
        width_px=0,
        height_px=0,
        sha256=file.sha256,
        kind=CopyKind.KEEP if file is kept else kind,
        changes=("a hard link: removing it frees nothing",) if is_link else (),
        similarity=1.0,
        link=file.link,
    )


def _people(
    faces: PhotoFaces,
    copies: tuple[CopyGroup, ...],
    near: list[NearGroup],
    photos: _Photos,
    config: DedupConfig,
) -> tuple[tuple[PersonGroup, ...], tuple[FacesAlike, ...], int]:
    """People, oddities, and the number of faces that were compared."""
    not_kept = {pair.second for group in near for pair in group.pairs[1:]}
    sides_px = np.minimum(
        faces.boxes[:, 2] - faces.boxes[:, 0], faces.boxes[:, 3] - faces.boxes[:, 1]
    )
    clear = (sides_px >= config.face_side_px_min) & (faces.scores >= config.face_score_min)
    rows = [
        row
        for row in np.flatnonzero(clear).tolist()
        if faces.sha256[row] in photos.pictures and faces.sha256[row] not in not_kept
    ]
    embeddings = faces.embeddings[rows]
    numbers = {name: number for number, name in enumerate(photos.pictures)}
    shown = [numbers[faces.sha256[row]] for row in rows]
    pairs = near_pairs(embeddings, config.similarity_min)
    clusters = group_faces(embeddings, shown, pairs, config.similarity_min)
    copied = {group.members[0].path: group for group in copies}
    people = []
    for members in clusters:
        found = []
        for member, similarity in zip(members, similarities(embeddings[members]), strict=True):
            path = photos.pictures[faces.sha256[rows[member]]].path
            group = copied.get(path)
            found.append(
                PersonFace(
                    path=path,
                    box=faces.box(rows[member]),
                    score=round(float(faces.scores[rows[member]]), 4),
                    similarity=round(similarity, 4),
                    copies=tuple(m.path for m in group.members[1:]) if group else (),
                )
            )
        people.append(tuple(sorted(found, key=lambda face: face.path)))
    people.sort(key=lambda found: (-len(found), found[0].path, found[0].box.x0))
    alike = tuple(
        FacesAlike(
            photos.pictures[faces.sha256[rows[first]]].path,
            faces.box(rows[first]),
            faces.box(rows[second]),
            round(similarity, 4),
        )
        for first, second, similarity in pairs
        if shown[first] == shown[second]
    )
    groups = tuple(
        PersonGroup(f"person-{number}", found) for number, found in enumerate(people, start=1)
    )
    return groups, tuple(sorted(alike, key=lambda pair: pair.path)), len(rows)


def _all_skipped(
    listed: list[PhotoFile], unreadable: list[SkippedFile], others: list[SkippedFile]
) -> tuple[SkippedFile, ...]:
    """One entry for each file: of byte-equal unreadable files, every one."""
    first_of = first_paths(listed)
    why = {file.path: file for file in reversed(unreadable)}
    skipped = {file.path: file for file in others}
    for photo in listed:
        cause = why.get(first_of[photo.sha256])
        if cause is not None:
            skipped[photo.path] = SkippedFile(photo.path, cause.reason, cause.message)
    return tuple(skipped[path] for path in sorted(skipped))
