"""`facenet-res verify`: do two photographs show the same person?"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.batch import check_regular
from facenet_res.cli.console import print_json, print_pairs
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_decision,
    add_model,
    decision,
    opened_pipeline,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import InputError

if TYPE_CHECKING:
    from facenet_res.core.types import Face, Verification
    from facenet_res.pipeline.embed import FacePipeline

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
    add_decision(parser, "if they do not")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Prints the answer."""
    from facenet_res.core.types import Verification

    with opened_pipeline(arguments) as (pipeline, manifest):
        threshold, rate = decision(arguments, manifest)
        faces = [
            face_of(pipeline, path, largest=arguments.largest)
            for path in (arguments.first, arguments.second)
        ]
    similarity = float(faces[0].embedding @ faces[1].embedding)
    answer = Verification(similarity, threshold, rate or None)
    print_verification(arguments, answer, manifest.model_id)
    return answer_code(arguments, is_yes=answer.is_match)


def face_of(pipeline: "FacePipeline", path: Path, *, largest: bool) -> "Face":
    """The one face of a photograph.

    Raises:
        InputError: the photograph cannot be used; the message names it.
    """
    from facenet_res.imaging.decode import read_image_bytes

    check_regular(path)
    try:
        return pipeline.embed_one(read_image_bytes(path, pipeline.limits), largest=largest)
    except InputError as error:
        # Two photographs are at hand: the sentence must say which one it speaks of.
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error


def print_verification(arguments: Namespace, answer: "Verification", model_id: str) -> None:
    """The answer to "same person?"."""
    if arguments.json:
        print_json(
            {
                "is_match": answer.is_match,
                "score": answer.score,
                "threshold": answer.threshold,
                "fmr": answer.fmr or None,
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
