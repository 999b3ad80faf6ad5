"""`facenet-res verify`: do two images show the same person?"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import print_answer
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_largest,
    add_model,
    add_operating_point,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.image_files import check_regular

if TYPE_CHECKING:
    from facenet_res.core.types import Verification
    from facenet_res.recognizer.info import RecognizerInfo

EXAMPLES = """examples:
  facenet-res verify passport.jpg selfie.jpg
  facenet-res verify a.jpg b.jpg --fmr 1e-4 --exit-code && echo "same person"
  facenet-res verify group.jpg ada.jpg --largest --json

The score is the cosine similarity of the two embeddings, -1 to 1; at or above the threshold the
images match. --fmr 1e-3 takes the threshold at which one in 1,000 impostor comparisons matches,
as measured for the model. Exit status 0 for either answer, or 1 for "no" with --exit-code; 2 if
an image cannot be used."""

FIELDS = ("is_match", "score", "threshold", "fmr", "outside")


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "decide whether two images show the same person"
    parser = add_command(subparsers, "verify", run, summary, EXAMPLES)
    parser.add_argument("probe", type=Path, metavar="A", help="image of one face")
    parser.add_argument("reference", type=Path, metavar="B", help="image to compare it with")
    add_largest(parser)
    add_operating_point(parser, answer_no="if they do not match")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Prints the decision."""
    for path in (arguments.probe, arguments.reference):
        check_regular(path)
    with open_recognizer(arguments) as recognizer:
        answer = recognizer.verify(
            arguments.probe,
            arguments.reference,
            fmr=arguments.fmr,
            threshold=arguments.threshold,
            largest=arguments.largest,
        )
        info = recognizer.info()
    print_verification(arguments, answer, info)
    return answer_code(arguments, is_yes=answer.is_match)


def print_verification(
    arguments: Namespace, answer: "Verification", info: "RecognizerInfo"
) -> None:
    """The decision, and what it was made by."""
    document = {name: getattr(answer, name) for name in FIELDS}
    origin = "--threshold" if answer.fmr is None else f"FMR {answer.fmr:g}"
    rows = [
        ("same person", "yes" if answer.is_match else "no"),
        ("score", f"{answer.score:.4f}"),
        ("threshold", f"{answer.threshold:.4f} ({origin})"),
        ("model", info.title),
        *(("not calibrated for", each) for each in answer.outside),
    ]
    print_answer({**document, "model_id": info.model_id}, rows, as_json=arguments.json)


def answer_code(arguments: Namespace, *, is_yes: bool) -> int:
    """0, or 1 for "no" where --exit-code asked for it."""
    return exit_codes.ANSWER_IS_NO if arguments.exit_code and not is_yes else exit_codes.OK
