"""`facenet-res gallery enroll`: images of one person, or a folder of images for each."""

import time
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facenet_res.cli.batch import as_dicts, conclude
from facenet_res.cli.console import note, print_json, print_table, progress
from facenet_res.cli.options import opened_gallery
from facenet_res.core.errors import (
    ArgumentInvalid,
    DataInvalid,
    FileMissing,
    ImageUnreadable,
    InputError,
    SimilarToOtherPerson,
)
from facenet_res.core.image_files import (
    SkippedFile,
    find_image_files,
    image_files_in,
    is_folder,
)


@dataclass(frozen=True, slots=True)
class _Item:
    person: str
    path: Path


def run_enroll(arguments: Namespace) -> int:
    """Enrols images of one person, or of a folder of people."""
    from facenet_res.recognizer.review import NO_REVIEW

    metadata = _metadata(arguments.metadata)
    items, skipped = _items(arguments)
    enrolled: list[dict[str, Any]] = []
    known: set[str] = set()
    began_unix_s = time.time()
    with opened_gallery(arguments) as gallery, progress(len(items), "images") as tell:
        gallery.review = replace(
            NO_REVIEW,
            quality=arguments.review,
            similar=arguments.review,
        )
        for done, item in enumerate(items, start=1):
            try:
                with_face = gallery.recognizer.open_image(item.path)
                face = gallery.recognizer.embed_one(with_face, largest=arguments.largest)
                stored = gallery.enroll_face(
                    item.person,
                    face,
                    image=with_face,
                    source=item.path,
                    display_name=arguments.name,
                    metadata=metadata,
                )
            except (InputError, SimilarToOtherPerson) as error:
                skipped.append(SkippedFile.of(item.path, error))
            else:
                for warning in stored.warnings:
                    note(f"{item.path}, {item.person}: {warning}")
                if stored.enrolled_unix_s < began_unix_s:
                    known.add(stored.face_id)
                row = {"person_id": item.person, "face_id": stored.face_id}
                said = {"path": str(item.path), "warnings": list(stored.warnings)}
                enrolled.append({**row, **said})
            tell(done)
    if arguments.json:
        print_json({"enrolled": enrolled, "skipped": as_dicts(skipped)})
    else:
        _print_enrolled(enrolled, known)
    return conclude(len(enrolled), skipped)


def _print_enrolled(enrolled: list[dict[str, Any]], known: set[str]) -> None:
    rows = [
        (
            row["person_id"],
            row["path"],
            row["face_id"],
            "already enrolled" if row["face_id"] in known else "",
        )
        for row in enrolled
    ]
    print_table(("person", "image", "face", ""), rows)


def _items(arguments: Namespace) -> tuple[list[_Item], list[SkippedFile]]:
    """Whose images are to be enrolled, and which files cannot be."""
    from facenet_res.gallery.limits import GalleryLimits

    if arguments.people is None:
        if not arguments.person or not arguments.images:
            raise ArgumentInvalid("enroll takes PERSON and IMG, or --people DIR")
        GalleryLimits().check_id("person_id", arguments.person)
        found = find_image_files(arguments.images)
        return [_Item(arguments.person, path) for path in found.paths], list(found.skipped)
    if arguments.person is not None or arguments.name or arguments.metadata:
        raise ArgumentInvalid(
            "--people takes the ids from the folders: omit PERSON, --name and --metadata"
        )
    items: list[_Item] = []
    skipped = _loose(arguments.people)
    for folder in _folders_of_people(arguments.people):
        try:
            GalleryLimits().check_id("person_id", folder.name)
        except ArgumentInvalid as error:
            skipped.append(SkippedFile.of(folder, error))
            continue
        found = image_files_in(folder)
        items += [_Item(folder.name, path) for path in found.paths]
        skipped += found.skipped
        if not found.paths and not found.skipped:
            skipped.append(SkippedFile.of(folder, DataInvalid("the folder has no image")))
    if not items and not skipped:
        raise DataInvalid(f"{arguments.people} has no folder with images")
    return items, skipped


def _loose(people: Path) -> list[SkippedFile]:
    """Images that lie beside the folders of people, and so belong to nobody."""
    if not is_folder(people):
        return []
    found = image_files_in(people, recursive=False)
    error = ImageUnreadable("not in the folder of a person")
    return [*(SkippedFile.of(path, error) for path in found.paths), *found.skipped]


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
