"""`facenet-res gallery ...`: a gallery of known people in a local folder."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_json, print_pairs, print_table
from facenet_res.cli.gallery_enroll import run_enroll
from facenet_res.cli.gallery_faces import run_identify, run_verify
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_operating_point,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.gallery.types import Person

PAGE_SIZE = 500
SUMMARY = "keep known people in a local folder: create, enroll, identify, verify, list, delete"
EXAMPLES = """examples:
  facenet-res gallery create --gallery staff
  facenet-res gallery enroll ada ada1.jpg ada2.jpg --name "Ada Lovelace" --gallery staff
  facenet-res gallery enroll --people photos/ --gallery staff      (photos/ada/1.jpg, ...)
  facenet-res gallery identify visitor.jpg --gallery staff
  facenet-res gallery verify ada visitor.jpg --gallery staff
  facenet-res gallery list --gallery staff
  facenet-res gallery delete ada --gallery staff

A gallery belongs to the model that made its embeddings, and to one process at a time: while a
server has it open, go through the server."""

ENROLL_NOTES = """The same photograph of the same person again stores nothing twice. With --people,
each folder in DIR is a person, and its name the person's id. Status 0 if any photograph was
enrolled, 2 if none; what was skipped, and why, is on stderr."""

IDENTIFY_NOTES = """\
examples:
  facenet-res gallery identify visitor.jpg --gallery staff
  facenet-res gallery identify door/ --gallery staff --fmr 1e-4 --json

--fmr is the rate of one comparison, and a stranger has a chance with each enrolled face: among N
faces the rate of strangers named is up to N times as high. The more there are, the stricter the
rate to ask for."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command and its subcommands."""
    group = add_command(subparsers, "gallery", lambda _: _no_action(), SUMMARY, EXAMPLES)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    parser = add_command(actions, "create", run_create, "make an empty gallery")
    _add_gallery(parser)
    add_model(parser)

    parser = add_command(actions, "enroll", run_enroll, "add photographs of a person", ENROLL_NOTES)
    parser.add_argument("person", nargs="?", help="the person's id")
    parser.add_argument("images", nargs="*", type=Path, metavar="IMG", help="file or folder")
    parser.add_argument("--people", type=Path, metavar="DIR", help="or a folder for each person")
    parser.add_argument("--name", default="", help="for people to read")
    parser.add_argument(
        "--metadata", action="append", default=[], metavar="KEY=VALUE", help="may be repeated"
    )
    parser.add_argument("--largest", action="store_true", help="of several faces take the largest")
    _add_gallery(parser)
    add_model(parser)

    parser = add_command(
        actions, "identify", run_identify, "say who is on photographs", IDENTIFY_NOTES
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMG", help="file or folder")
    parser.add_argument("-k", type=int, default=5, help="candidates for each face (default: 5)")
    _add_gallery(parser)
    add_operating_point(parser, answer_no="if any face is unknown, or there is none")
    add_model(parser)

    parser = add_command(actions, "verify", run_verify, "say whether a photograph shows a person")
    parser.add_argument("person", help="the person's id")
    parser.add_argument("image", type=Path, metavar="IMG", help="a photograph")
    parser.add_argument("--largest", action="store_true", help="of several faces take the largest")
    _add_gallery(parser)
    add_operating_point(parser, answer_no="if it does not")
    add_model(parser)

    parser = add_command(actions, "list", run_list, "list the people, or the faces of one")
    parser.add_argument("person", nargs="?", help="one person's id, to see the faces")
    _add_gallery(parser)

    parser = add_command(actions, "delete", run_delete, "delete a person, or one face, for good")
    parser.add_argument("person", nargs="?", help="the person's id")
    parser.add_argument("--face", metavar="ID", help="or a face's id, from `list PERSON`")
    _add_gallery(parser)


def run_create(arguments: Namespace) -> int:
    """Makes a gallery for the model's embeddings."""
    from facenet_res.gallery.gallery import EmbeddingGallery

    with open_recognizer(arguments) as recognizer:
        model_id, dim = recognizer.embedder.model_id, recognizer.embedder.embedding_dim
    EmbeddingGallery.create(arguments.gallery, model_id=model_id, embedding_dim=dim).close()
    if arguments.json:
        print_json({"gallery": str(arguments.gallery), "model_id": model_id, "embedding_dim": dim})
    else:
        print(f"created gallery {arguments.gallery} for model {model_id}")
    return exit_codes.OK


def run_list(arguments: Namespace) -> int:
    """Prints who is in the gallery; needs no model."""
    from facenet_res.gallery.gallery import EmbeddingGallery

    with EmbeddingGallery.open(arguments.gallery) as gallery:
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
        note(f"nobody is in the gallery {arguments.gallery} yet")
    return exit_codes.OK


def run_delete(arguments: Namespace) -> int:
    """Deletes and prints the receipt; needs no model."""
    from dataclasses import asdict

    from facenet_res.gallery.gallery import EmbeddingGallery

    if (arguments.person is None) == (arguments.face is None):
        raise ArgumentInvalid("name either a person or, with --face, a face to delete")
    with EmbeddingGallery.open(arguments.gallery) as gallery:
        receipt = (
            gallery.delete_face(arguments.face)
            if arguments.face is not None
            else gallery.delete_person(arguments.person)
        )
    if arguments.json:
        print_json(asdict(receipt))
    else:
        what = (
            f"face {receipt.face_id} of {receipt.person_id}"
            if receipt.face_id
            else (f"{receipt.person_id} with {receipt.faces} faces")
        )
        print(f"deleted {what}; {receipt.rows_left} rows of it are left")
    return exit_codes.OK


def _add_gallery(parser: Any) -> None:
    parser.add_argument(
        "--gallery", type=Path, required=True, metavar="PATH", help="the gallery's folder"
    )


def _no_action() -> int:
    raise AssertionError("argparse asks for an action")


def _print_person(arguments: Namespace, person: "Person") -> None:
    if arguments.json:
        print_json(_person(person))
        return
    rows = [("person", person.person_id), ("name", person.name)]
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
