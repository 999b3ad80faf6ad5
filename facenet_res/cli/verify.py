"""`facenet-res verify`: do two photographs show the same person?"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import print_json, print_pairs
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_operating_point,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.image_files import check_regular

if TYPE_CHECKING:
    from facenet_res.core.types import Verification

EXAMPLES = """examples:
  facenet-res verify passport.jpg selfie.jpg
  facenet-res verify a.jpg b.jpg --fmr 1e-4 --exit-code && echo "same person"
  facenet-res verify group.jpg ada.jpg --largest --json

Similarity is the cosine of the two embeddings, -1 to 1; at the threshold or above, the answer is
yes. --fmr 1e-3 takes the threshold at which one in a thousand pairs of different people was
accepted when the model was measured.
Status 0 for either answer, or 1 for "no" with --exit-code; 2 if a photograph cannot be used."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    parser = add_command(
        subparsers, "verify", run, "say whether two photographs show the same person", EXAMPLES
    )
    parser.add_argument("first", type=Path, metavar="A", help="a photograph")
    parser.add_argument("second", type=Path, metavar="B", help="the other one")
    parser.add_argument("--largest", action="store_true", help="of several faces take the largest")
    add_operating_point(parser, answer_no="if they do not")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Prints the answer."""
    for path in (arguments.first, arguments.second):
        check_regular(path)
    with open_recognizer(arguments) as recognizer:
        answer = recognizer.verify(
            arguments.first,
            arguments.second,
            fmr=arguments.fmr,
            threshold=arguments.threshold,
            largest=arguments.largest,
        )
        model_id = recognizer.embedder.model_id
    print_verification(arguments, answer, model_id)
    return answer_code(arguments, is_yes=answer.is_match)


def print_verification(arguments: Namespace, answer: "Verification", model_id: str) -> None:
    """The answer to "same person?"."""
    if arguments.json:
        print_json(
            {
                "is_match": answer.is_match,
                "score": answer.score,
                "threshold": answer.threshold,
                "fmr": answer.fmr,
                "model_id": model_id,
            }
        )
        return
    print_pairs(
        [
            ("same person", "yes" if answer.is_match else "no"),
            ("score", f"{answer.score:.4f}"),
            ("threshold", f"{answer.threshold:.4f} ({origin(answer.fmr)})"),
            ("model", model_id),
        ]
    )


def origin(fmr: float | None) -> str:
    """Where a threshold came from."""
    if fmr is None:
        return "set by hand"
    return f"for an FMR of {fmr:g}"


def answer_code(arguments: Namespace, *, is_yes: bool) -> int:
    """0, or 1 for "no" where --exit-code asked for it."""
    return exit_codes.ANSWER_IS_NO if arguments.exit_code and not is_yes else exit_codes.OK
