"""`facenet-res evaluate fmr`: what the stated rates are on people of your own."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from facenet_res.cli.calibrate import people_of_images
from facenet_res.cli.console import print_json, print_table, stages
from facenet_res.cli.evaluate_output import add_options
from facenet_res.cli.options import Subparsers, add_command, add_model, open_recognizer
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.evaluation.stated_rates import SeenRate

NOTES = """examples:
  facenet-res evaluate fmr --images people/
  facenet-res evaluate fmr --images lfw.zip --images-max 2000 --json

Images lie in one folder for each person. All pairs are compared, with the pooled threshold of each
calibrated FMR and with that of the worst condition; then again as grey, equally lit, small and dark
copies. "times" is the measured FMR over the stated one: at 1 the threshold keeps its promise."""


def add_parser(protocols: Subparsers) -> None:
    """Adds the command."""
    summary = "measure the rates that a model's thresholds have on other people"
    parser = add_command(protocols, "fmr", run, summary, NOTES)
    add_options(parser, "--images", "--aligned", "--only")
    parser.add_argument(
        "--images-max", type=int, default=3000, metavar="N", help="at most N images (default: 3000)"
    )
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Prints the rates seen."""
    from facenet_res.evaluation.stated_rates import seen_rates

    with open_recognizer(arguments) as recognizer, stages() as tell:
        if not recognizer.manifest.thresholds:
            raise ArgumentInvalid(
                f"model {recognizer.manifest.title} is not calibrated: facenet-res calibrate"
            )
        faces, people = people_of_images(arguments, recognizer, tell)
        found = seen_rates(recognizer.embedder, recognizer.manifest, faces, people, tell)
        model_id = recognizer.embedder.model_id
    if arguments.json:
        print_json({"model_id": model_id, "rates": [asdict(one) for one in found]})
        return exit_codes.OK
    print_table(
        ("images", "FMR stated", "threshold", "", "FMR seen", "times", "TMR"), [*map(_row, found)]
    )
    first = found[0]
    print(
        f"\n{model_id}: {len(people)} images of {len(set(people))} people, "
        f"{first.impostor_pairs:,} impostor and {first.genuine_pairs:,} genuine pairs"
    )
    return exit_codes.OK


def _row(one: "SeenRate") -> tuple[str, ...]:
    return (
        one.condition,
        f"{one.fmr:g}",
        f"{one.threshold:.4f}",
        "worst" if one.worst_case else "pooled",
        f"{one.fmr_seen:.2e}",
        f"{one.fmr_seen / one.fmr:.2f}",
        f"{100 * one.tmr_seen:.1f} %",
    )
