"""The cluster stage: files to groups of copies, faces of the kept photos to people."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from facenet_res.core.errors import FileMissing, InputError, StateError
from facenet_res.dedup.camera import names_camera
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.decisions import read_decisions
from facenet_res.dedup.face_table import read_faces
from facenet_res.dedup.fingerprint_table import read_fingerprints
from facenet_res.dedup.fingerprints import Fingerprints
from facenet_res.dedup.groups_file import read_groups, write_groups
from facenet_res.dedup.near import NearCopies, NearGroup, itself
from facenet_res.dedup.pairs import PixelComparison, read_judgements, read_pairs, remember
from facenet_res.dedup.person_groups import find_people
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
    Container,
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    Groups,
    PhotoFile,
    SkippedFile,
    Stage,
)

FILE_CHANGED: Final = "FILE_CHANGED"


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
    listed, gone = _unchanged(folder, read_photos(out))
    paths = first_paths(listed)
    fingerprints, undecodable = read_fingerprints(out, config, paths)
    photos = _photos(folder, listed, fingerprints)
    decisions = read_decisions(out)
    comparison = PixelComparison(fingerprints)
    judged = read_judgements(out)
    known = NearCopies(photos.pictures, read_pairs(out), comparison, judged, decisions)
    near = known.groups()
    remember(out, known.compared)
    by_bytes = _by_bytes([*listed, *read_others(out)], photos)
    copies = _copy_groups(photos, near, by_bytes)
    on_progress(Progress(Stage.CLUSTER, 1, 2))
    faces, unembeddable = read_faces(out, config, paths)
    not_kept = {pair.second for group in near for pair in group.pairs[1:]}
    shown = {n: picture.path for n, picture in photos.pictures.items() if n not in not_kept}
    by_kept = {group.members[0].path: group for group in copies}
    people = find_people(faces, shown, by_kept, decisions, config)
    others = [*read_scan_skipped(out), *gone]
    skipped = _all_skipped(listed, [*undecodable, *unembeddable], others)
    unreadable = {file.path for file in skipped}
    files = [file for file in listed if file.path not in unreadable]
    counts = Counts(
        files=len(listed) + len(others),
        photos=len(files),
        photo_bytes=sum(file.bytes for file in files),
        byte_equal_copies=sum(len(same) - 1 for same in [*photos.files.values(), *by_bytes]),
        near_copies=sum(len(group.pairs) - 1 for group in near),
        excess_bytes=sum(group.excess_bytes for group in copies),
        faces=len(faces.sha256),
        faces_compared=people.compared,
        faces_set_aside=len(people.set_aside),
        images_cut=sum(n >= config.faces_a_photo_max for n in Counter(faces.sha256).values()),
        skipped=len(skipped),
    )
    containers = _containers(photos, known.contained())
    found = Groups(
        counts,
        copies,
        containers,
        people.groups,
        people.alike,
        people.set_aside,
        skipped,
        people.nearest_histogram,
        people.identities,
        people.similarity_min,
        people.fmr,
    )
    write_groups(out, with_stable_ids(found, _groups_before(out)))
    on_progress(Progress(Stage.CLUSTER, 2, 2))


def _unchanged(folder: Path, photos: list[PhotoFile]) -> tuple[list[PhotoFile], list[SkippedFile]]:
    """The files that are still what the scan read, and those that are not."""
    same, gone = [], []
    for photo in photos:
        try:
            stat = (folder / photo.path).stat(follow_symlinks=False)
        except OSError as error:
            reason, message = FileMissing.reason, str(error.strerror)
        else:
            if (stat.st_size, stat.st_mtime_ns) == (photo.bytes, photo.mtime_ns):
                same.append(photo)
                continue
            reason, message = FILE_CHANGED, "changed while the run went on; run it again"
        gone.append(SkippedFile(photo.path, reason, message))
    return same, gone


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


def _containers(photos: _Photos, pairs: list[CopyPair]) -> tuple[Container, ...]:
    pictures = photos.pictures
    return tuple(
        Container(
            pictures[pair.second].path,
            pair.second,
            pictures[pair.first].path,
            pair.first,
            pair.swapped().shown,
        )
        for pair in pairs
    )


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
