"""`facenet-res gallery enroll`: photographs of one person, or of a folder for each."""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.batch import (
    Skipped,
    as_dicts,
    conclude,
    find_photographs,
    is_folder,
    photographs_in,
    skipped,
)
from facenet_res.cli.console import note, print_json, print_table, printable, progress
from facenet_res.cli.options import FMR_DEFAULT, opened_gallery
from facenet_res.cli.verify import face_of
from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing, InputError
from facenet_res.core.face_id import face_id_of

if TYPE_CHECKING:
    from facenet_res.core.manifest import Manifest
    from facenet_res.core.types import Face
    from facenet_res.gallery.gallery import EmbeddingGallery

SOURCE_CHARS_MAX = 1024


@dataclass(frozen=True, slots=True)
class _Photo:
    person: str
    path: Path


def run_enroll(arguments: Namespace) -> int:
    """Enrols photographs of one person, or of a folder of people."""
    metadata = _metadata(arguments.metadata)
    photos, left_out = _photos_to_enroll(arguments)
    enrolled: list[dict[str, str]] = []
    known: set[str] = set()
    with (
        opened_gallery(arguments) as (gallery, pipeline, manifest),
        progress(len(photos), "photo") as tell,
    ):
        faces_before = _faces_of(gallery, {photo.person for photo in photos})
        for done, photo in enumerate(photos, start=1):
            try:
                face = face_of(pipeline, photo.path, largest=arguments.largest)
                face_id = face_id_of(photo.person, photo.path.read_bytes())
                _note_lookalike(gallery, manifest, photo, face)
                gallery.enroll(
                    photo.person,
                    face.embedding,
                    name=arguments.name,
                    metadata=metadata,
                    face_id=face_id,
                    # The gallery takes only what can be printed; the name is a courtesy.
                    source=printable(photo.path.name)[:SOURCE_CHARS_MAX],
                )
            except InputError as error:
                left_out.append(skipped(photo.path, error))
            else:
                if face_id in faces_before:
                    known.add(face_id)
                path = str(photo.path)
                enrolled.append({"person_id": photo.person, "face_id": face_id, "path": path})
            tell(done)
    if arguments.json:
        print_json({"enrolled": enrolled, "skipped": as_dicts(left_out)})
    else:
        _print_enrolled(enrolled, known)
    return conclude(len(enrolled), left_out)


def _print_enrolled(enrolled: list[dict[str, str]], known: set[str]) -> None:
    rows = [
        (
            row["person_id"],
            row["path"],
            row["face_id"],
            "already there" if row["face_id"] in known else "",
        )
        for row in enrolled
    ]
    print_table(("person", "photograph", "face", ""), rows)


def _faces_of(gallery: "EmbeddingGallery", people: Iterable[str]) -> set[str]:
    """Ids of the faces that the gallery has of some people."""
    from facenet_res.core.errors import UnknownPerson

    faces: set[str] = set()
    for person in people:
        try:
            faces |= {face.face_id for face in gallery.person(person).faces}
        except UnknownPerson:
            continue
    return faces


def _note_lookalike(
    gallery: "EmbeddingGallery", manifest: "Manifest", photo: _Photo, face: "Face"
) -> None:
    """Remarks that the gallery would take the face for somebody else: perhaps a mix-up."""
    try:
        threshold = manifest.threshold_at(FMR_DEFAULT).similarity
    except ArgumentInvalid:
        # The model declares no threshold of that rate: there is no saying who resembles whom.
        return
    # Two persons are enough: one of them is another than the photograph's own.
    (said,) = gallery.identify(face.embedding[None], threshold, top_k=2)
    for match in said.candidates:
        if match.person_id != photo.person and match.score >= threshold:
            note(
                f"{photo.path}: the face of {photo.person} matches {match.person_id} too, "
                f"{match.score:.4f} (threshold {threshold:.4f})"
            )


def _photos_to_enroll(arguments: Namespace) -> tuple[list[_Photo], list[Skipped]]:
    """Whose photographs are to be enrolled, and what can be none."""
    from facenet_res.gallery.limits import GalleryLimits

    if arguments.people is None:
        if not arguments.person or not arguments.images:
            raise ArgumentInvalid("name a person and photographs, or --people DIR")
        GalleryLimits().check_id("person_id", arguments.person)
        found = find_photographs(arguments.images)
        return [_Photo(arguments.person, path) for path in found.paths], list(found.left_out)
    if arguments.person is not None or arguments.name or arguments.metadata:
        raise ArgumentInvalid("--people takes the people from the folder: name no person, no data")
    photos: list[_Photo] = []
    left_out: list[Skipped] = []
    for folder in _folders_of_people(arguments.people):
        try:
            GalleryLimits().check_id("person_id", folder.name)
        except ArgumentInvalid as error:
            left_out.append(skipped(folder, error))
            continue
        found = photographs_in(folder, recursive=False)
        photos += [_Photo(folder.name, path) for path in found.paths]
        left_out += found.left_out
    if not photos and not left_out:
        raise DataInvalid(f"{arguments.people} holds no folder with photographs")
    return photos, left_out


def _folders_of_people(people: Path) -> list[Path]:
    if not is_folder(people):
        raise FileMissing(f"no folder of people at {people}")
    try:
        entries = sorted(people.iterdir())
    except OSError as error:
        raise FileMissing(f"cannot read {people}: {error.strerror}") from error
    return [entry for entry in entries if is_folder(entry) and not entry.name.startswith(".")]


def _metadata(given: list[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise ArgumentInvalid(f"--metadata takes KEY=VALUE, got {key + equals!r}")
    return {key: value for key, _, value in pairs}
