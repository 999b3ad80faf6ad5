"""`facenet-res gallery ...`: a gallery of enrolled people in a local folder."""

from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import counted, note, print_json, print_pairs, print_table
from facenet_res.cli.gallery_enroll import run_enroll
from facenet_res.cli.gallery_faces import (
    DUPLICATES_NOTES,
    run_duplicates,
    run_identify,
    run_verify,
)
from facenet_res.cli.gallery_files import (
    run_backup,
    run_check,
    run_export,
    run_import,
    run_migrate,
)
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_group,
    add_images,
    add_largest,
    add_model,
    add_operating_point,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.gallery.types import DeletionReceipt, Person

PAGE_SIZE = 500
EXAMPLES = """examples:
  facenet-res gallery create --gallery staff
  facenet-res gallery enroll ada ada1.jpg ada2.jpg --gallery staff
  facenet-res gallery identify visitor.jpg --gallery staff
  facenet-res gallery verify ada visitor.jpg --gallery staff
  facenet-res gallery list --gallery staff
  facenet-res gallery delete ada --gallery staff
  facenet-res gallery backup backups/monday --gallery staff
  facenet-res gallery export staff.jsonl --gallery staff

A gallery is a folder, or lies in a PostgreSQL database. It belongs to the model that made its
embeddings. One process writes to a folder: while a server has it open, enrol and delete through the
server; list, backup and fsck work beside it. A database is written by any number."""

ENROLL_NOTES = """examples:
  facenet-res gallery enroll ada 1.jpg 2.jpg --name Ada --gallery staff
  facenet-res gallery enroll --people photos/ --gallery staff

--people enrols a folder for each person, photos/ada/1.jpg, with the folder's name as person id.
Enrolling the same image of the same person again changes nothing. Exit status 0 if any image was
enrolled, 2 if none; skipped files and the reasons are listed on stderr."""

IDENTIFY_NOTES = """examples:
  facenet-res gallery identify visitor.jpg --gallery staff
  facenet-res gallery identify door/ --gallery staff --fpir 0.001 --json

--fpir is the share of people who are not enrolled that may be named. Its threshold comes from the
impostor scores of the gallery itself and rises as it grows; the gallery needs 20 people or a
calibrated model. --fmr is the false match rate of one comparison (1:1) instead: with N people
enrolled, the FPIR is up to N times as high."""


MIGRATE_NOTES = """example:
  facenet-res gallery migrate 'postgresql://db/fr?gallery=staff' --gallery staff

The copy has the same ids, times, metadata, audit log and kept answers. End the servers of the
source first: what they take in after the copy began is not in it."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the group and its commands."""
    summary = "enrol, identify and verify people in a gallery"
    actions = add_group(subparsers, "gallery", summary, EXAMPLES)
    parser = add_command(actions, "create", run_create, "create an empty gallery")
    _add_gallery(parser)
    add_model(parser)

    parser = add_command(actions, "enroll", run_enroll, "enrol images of people", ENROLL_NOTES)
    parser.add_argument("person", nargs="?", metavar="PERSON", help="id of the person")
    parser.add_argument("images", nargs="*", type=Path, metavar="IMG", help="file or folder")
    parser.add_argument(
        "--people", type=Path, metavar="DIR", help="in place of PERSON and IMG: folders of people"
    )
    parser.add_argument("--name", default="", metavar="TEXT", help="display name of the person")
    parser.add_argument(
        "--metadata",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="stored with the person; may be repeated",
    )
    parser.add_argument(
        "--review",
        choices=("off", "warn", "refuse"),
        default="warn",
        help="what follows a face that is small, blurred, turned, dark or bright, or that the "
        "gallery takes for another person (default: warn)",
    )
    add_largest(parser)
    _add_gallery(parser)
    add_model(parser)

    summary = "identify the faces in images"
    parser = add_command(actions, "identify", run_identify, summary, IDENTIFY_NOTES)
    add_images(parser)
    parser.add_argument(
        "-k", type=int, default=5, metavar="N", help="candidates per face (default: 5)"
    )
    _add_gallery(parser)
    add_operating_point(
        parser, answer_no="unless every face in every image is identified", identifies=True
    )
    add_model(parser)

    summary = "decide whether an image shows an enrolled person"
    parser = add_command(actions, "verify", run_verify, summary)
    parser.add_argument("person", metavar="PERSON", help="id of the person")
    parser.add_argument("image", type=Path, metavar="IMG", help="image of one face")
    add_largest(parser)
    _add_gallery(parser)
    add_operating_point(parser, answer_no="if it does not")
    add_model(parser)

    _add_parsers_of_people(actions)
    _add_parsers_of_wholes(actions)


def _add_parsers_of_people(actions: Subparsers) -> None:
    summary = "list pairs of people who are most likely one"
    parser = add_command(actions, "duplicates", run_duplicates, summary, DUPLICATES_NOTES)
    about = "most pairs to list (default: 100)"
    parser.add_argument("--limit", type=int, default=100, metavar="N", help=about)
    _add_gallery(parser)
    add_operating_point(parser, answer_no="if any pair is found")
    add_model(parser)

    parser = add_command(actions, "list", run_list, "list the people, or the faces of one person")
    parser.add_argument("person", nargs="?", metavar="PERSON", help="id of the person")
    _add_gallery(parser)

    parser = add_command(actions, "delete", run_delete, "delete a person or a face, for good")
    parser.add_argument("person", nargs="?", metavar="PERSON", help="id of the person")
    parser.add_argument(
        "--face", metavar="ID", help="in place of PERSON: one face, see `gallery list PERSON`"
    )
    _add_gallery(parser)


def _add_parsers_of_wholes(actions: Subparsers) -> None:
    parser = add_command(actions, "backup", run_backup, "copy a gallery that may be in use")
    parser.add_argument("to", type=Path, metavar="DIR", help="a new folder")
    _add_gallery(parser)

    summary = "write everybody to a file, embeddings and crops included"
    parser = add_command(actions, "export", run_export, summary)
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file, lines of JSON")
    _add_gallery(parser)

    parser = add_command(actions, "import", run_import, "enrol everybody of an exported file")
    parser.add_argument("file", type=Path, metavar="FILE", help="written by `gallery export`")
    _add_gallery(parser)

    summary = "copy a gallery into PostgreSQL, or out of it"
    parser = add_command(actions, "migrate", run_migrate, summary, MIGRATE_NOTES)
    parser.add_argument("to", metavar="DIR|URL", help="a new folder, or the URL of a new gallery")
    _add_gallery(parser)

    parser = add_command(actions, "fsck", run_check, "check files, rows, embeddings and the log")
    _add_gallery(parser)


def run_create(arguments: Namespace) -> int:
    """Creates a gallery for the model's embeddings."""
    from facenet_res.gallery.gallery import EmbeddingGallery
    from facenet_res.gallery.opening import shown

    with open_recognizer(arguments) as recognizer:
        info = recognizer.info()
    model_id, dim = info.model_id, info.embedding_dim
    EmbeddingGallery.create(arguments.gallery, model_id=model_id, embedding_dim=dim).close()
    if arguments.json:
        print_json(
            {"gallery": shown(arguments.gallery), "model_id": model_id, "embedding_dim": dim}
        )
    else:
        print(f"created gallery {shown(arguments.gallery)} for model {info.title}")
    return exit_codes.OK


def run_list(arguments: Namespace) -> int:
    """Prints who is in the gallery; needs no model."""
    from facenet_res.gallery.gallery import EmbeddingGallery
    from facenet_res.gallery.opening import shown

    with EmbeddingGallery.open(arguments.gallery, read_only=True) as gallery:
        if arguments.person is not None:
            _print_person(arguments, gallery.person(arguments.person))
            return exit_codes.OK
        people: list[Person] = []
        while page := gallery.people(PAGE_SIZE, people[-1].person_id if people else ""):
            people += page
        model_id = gallery.info.model_id
    if arguments.json:
        print_json({"model_id": model_id, "people": [_person(person) for person in people]})
        return exit_codes.OK
    rows = [
        (person.person_id, person.name, str(len(person.faces)), _day(person.created_unix_s))
        for person in people
    ]
    print_table(("person", "name", "faces", "since"), rows)
    if not rows:
        note(f"gallery {shown(arguments.gallery)} is empty; facenet-res gallery enroll adds people")
    return exit_codes.OK


def run_delete(arguments: Namespace) -> int:
    """Deletes and prints the receipt; needs no model."""
    from facenet_res.gallery.gallery import EmbeddingGallery

    if (arguments.person is None) == (arguments.face is None):
        raise ArgumentInvalid("delete takes either PERSON or --face ID")
    with EmbeddingGallery.open(arguments.gallery) as gallery:
        receipt = (
            gallery.delete_face(arguments.face)
            if arguments.face is not None
            else gallery.delete_person(arguments.person)
        )
    if arguments.json:
        print_json(asdict(receipt))
    else:
        print(deleted_text(receipt))
    return exit_codes.OK


def deleted_text(receipt: "DeletionReceipt") -> str:
    """One sentence on a deletion.

    `rows_left` is 0 by contract; another number means that data outlived the deletion.
    """
    what = (
        f"face {receipt.face_id} of {receipt.person_id}"
        if receipt.face_id
        else f"{receipt.person_id} ({counted(receipt.faces, 'face')})"
    )
    rest = f"; {counted(receipt.rows_left, 'row')} not removed" if receipt.rows_left else ""
    if receipt.texts_left:
        rest += "; names and ids leave the write-ahead log when another process has read it"
    return f"deleted {what}{rest}"


def _add_gallery(parser: Any) -> None:
    parser.add_argument(
        "--gallery",
        required=True,
        metavar="DIR|URL",
        help="folder of the gallery, or postgresql://USER@HOST/DATABASE?gallery=NAME",
    )


def _print_person(arguments: Namespace, person: "Person") -> None:
    if arguments.json:
        print_json(_person(person))
        return
    rows = [("person", person.person_id), *([("name", person.name)] if person.name else [])]
    rows += [(key, value) for key, value in person.metadata.items()]
    print_pairs([*rows, ("since", _day(person.created_unix_s))])
    print()
    faces = [(face.face_id, face.source, _day(face.enrolled_unix_s)) for face in person.faces]
    print_table(("face", "source", "enrolled"), faces)


def _person(person: "Person") -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "metadata": dict(person.metadata),
        "created_unix_s": person.created_unix_s,
        "faces": [
            {
                "face_id": face.face_id,
                "source": face.source,
                "enrolled_unix_s": face.enrolled_unix_s,
            }
            for face in person.faces
        ],
    }


def _day(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M")
