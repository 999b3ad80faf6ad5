"""Options that several commands share, and what they open."""

import argparse
import importlib.util
import logging
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.keras_start import load_keras
from facenet_res.core import exit_codes
from facenet_res.core.argument_parser import GENERAL, HelpFormatter, Parser
from facenet_res.core.manifest import FMR_DEFAULT
from facenet_res.core.model_names import DEFAULT
from facenet_res.faces.names import DETECTOR_DEFAULT, DETECTORS
from facenet_res.inference.config import DEVICES, ENGINES, PRECISIONS

if TYPE_CHECKING:
    from facenet_res.core.embedder import Embedder
    from facenet_res.faces.detector import Detector
    from facenet_res.recognizer.config import RecognizerConfig
    from facenet_res.recognizer.gallery import Gallery
    from facenet_res.recognizer.recognizer import FaceRecognizer

log = logging.getLogger(__name__)

Subparsers = Any  # argparse's own type is private


def add_command(
    subparsers: Subparsers,
    name: str,
    run: Callable[[Namespace], int],
    summary: str,
    epilog: str = "",
    *,
    has_json: bool = True,
) -> Parser:
    """A command with its help, its examples and the general options."""
    parser = _add_parser(subparsers, name, summary, epilog)
    add_general(parser, has_json=has_json)
    parser.set_defaults(run=run)
    return parser


def add_group(subparsers: Subparsers, name: str, summary: str, epilog: str) -> Subparsers:
    """A command that does nothing but hold others: their parsers."""
    parser = _add_parser(subparsers, name, summary, epilog)
    add_help(parser)
    parser.set_defaults(run=lambda _: _show_help(parser))
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def _show_help(parser: Parser) -> int:
    print(parser.format_help(), end="", file=sys.stderr)
    return exit_codes.INPUT


def _add_parser(subparsers: Subparsers, name: str, summary: str, epilog: str) -> Parser:
    parser: Parser = subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=HelpFormatter,
        add_help=False,
    )
    return parser


def add_help(parser: Parser) -> Any:
    """--help, in a group of its own."""
    group = parser.add_argument_group(GENERAL)
    group.add_argument("-h", "--help", action="help", help="show this help")
    return group


def add_general(parser: Parser, *, has_json: bool = True) -> None:
    """What every command takes: --help, --json, --verbose, --quiet and --debug."""
    group = add_help(parser)
    options = {
        ("-v", "--verbose"): "log what the library does to stderr",
        ("-q", "--quiet"): "no progress and no remarks on stderr, errors alone",
        ("--debug",): "show the trace of an error",
    }
    if has_json:
        options = {("--json",): "print one JSON document on stdout"} | options
    for names, words in options.items():
        # The default stands at the top: a command must not undo what its group was given.
        group.add_argument(*names, action="store_true", default=argparse.SUPPRESS, help=words)


def add_detector(parser: ArgumentParser) -> None:
    """--detector, --detector-model and --face-px-min."""
    group = parser.add_argument_group("detector")
    _add_choice(group, "--detector", DETECTORS, DETECTOR_DEFAULT, "NAME")
    group.add_argument(
        "--detector-model", type=Path, metavar="FILE", help="ONNX file, required by yunet"
    )
    group.add_argument(
        "--face-px-min",
        type=float,
        metavar="PX",
        help="smallest face to detect, mtcnn only (default: 20, or 1/64 of the longer side)",
    )
    group.add_argument(
        "--no-retries",
        action="store_true",
        help="do not search an image without a detection again, changed",
    )


def add_model(parser: ArgumentParser) -> None:
    """--model, --engine, --device and --precision, and the detector's options."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default=DEFAULT,
        help="name, see `facenet-res models`, or model folder (default: %(default)s)",
    )
    _add_choice(group, "--engine", ENGINES, "auto", "NAME")
    _add_choice(group, "--device", DEVICES, "auto", "NAME")
    _add_choice(group, "--precision", PRECISIONS, "auto", "TYPE")
    add_detector(parser)


def _add_choice(group: Any, name: str, choices: Sequence[str], default: str, metavar: str) -> None:
    words = f"{', '.join(choices[:-1])} or {choices[-1]} (default: {default})"
    group.add_argument(name, choices=choices, default=default, metavar=metavar, help=words)


def add_images(parser: ArgumentParser) -> None:
    """The images that a command reads."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMG", help="file or folder")


def add_largest(parser: ArgumentParser) -> None:
    """--largest."""
    parser.add_argument(
        "--largest", action="store_true", help="use the largest face where there are several"
    )


def add_name(parser: ArgumentParser, default: str) -> None:
    """--name and --model-version, of whatever makes a model folder."""
    parser.add_argument("--name", help=f"short name of the model (default: {default})")
    parser.add_argument(
        "--model-version", default="", metavar="TEXT", help="version of the model under this name"
    )


def add_overwrite(parser: ArgumentParser) -> None:
    """--overwrite."""
    parser.add_argument("--overwrite", action="store_true", help="replace an existing --out")


def add_workers(parser: ArgumentParser) -> None:
    """--workers."""
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="images at a time (default: 2)"
    )


def add_operating_point(
    parser: ArgumentParser, *, answer_no: str = "", identifies: bool = False
) -> None:
    """--fpir of an identification, --fmr, --threshold, what else decides, and --exit-code."""
    options = parser.add_argument_group("decision")
    group = options.add_mutually_exclusive_group()
    if identifies:
        group.add_argument(
            "--fpir",
            type=float,
            metavar="RATE",
            help="share of people not enrolled that may be named (default: 0.01)",
        )
    default = "" if identifies else f" (default: {FMR_DEFAULT:g})"
    group.add_argument(
        "--fmr",
        type=float,
        metavar="RATE",
        help="false match rate of one comparison" + default,
    )
    group.add_argument(
        "--threshold", type=float, metavar="SCORE", help="or the least score that matches, -1 to 1"
    )
    options.add_argument(
        "--worst-case",
        action="store_true",
        help="take the threshold of the worst calibrated condition for the rate",
    )
    for name, metavar, measure in (
        ("--eye-distance-min", "PX", "distance between the eyes"),
        ("--sharpness-min", "VALUE", "sharpness"),
    ):
        words = f"least {measure} of a face that is compared (default: the model's)"
        options.add_argument(name, type=float, metavar=metavar, help=words)
    if answer_no:
        options.add_argument("--exit-code", action="store_true", help=f"exit with 1 {answer_no}")


def recognizer_config(arguments: Namespace, **settings: Any) -> "RecognizerConfig":
    """The settings that the detector's and the network's options describe.

    Raises:
        ConfigInvalid: two of them do not go together.
    """
    from facenet_res.recognizer.config import RecognizerConfig

    return RecognizerConfig(
        model=arguments.model,
        detector=arguments.detector,
        detector_model=arguments.detector_model,
        face_px_min=arguments.face_px_min,
        engine=arguments.engine,
        device=arguments.device,
        precision=arguments.precision,
        retries=not arguments.no_retries,
        worst_case=getattr(arguments, "worst_case", False),
        eye_distance_px_min=getattr(arguments, "eye_distance_min", None),
        sharpness_min=getattr(arguments, "sharpness_min", None),
        **settings,
    )


def open_recognizer(arguments: Namespace, **settings: Any) -> "FaceRecognizer":
    """Opens the recognizer that the options describe; a context manager."""
    from facenet_res.recognizer.recognizer import FaceRecognizer

    # Where Keras is absent, opening says which extra to install.
    if arguments.engine == "keras" and importlib.util.find_spec("keras") is not None:
        load_keras()
    began_s = time.perf_counter()
    recognizer = FaceRecognizer(config=recognizer_config(arguments, **settings))
    log.info("opened %s in %.2f s", recognizer.info(), time.perf_counter() - began_s)
    return recognizer


@contextmanager
def opened_gallery(arguments: Namespace) -> "Iterator[Gallery]":
    """The gallery that --gallery names, with the recognizer that the options describe."""
    with (
        open_recognizer(arguments) as recognizer,
        recognizer.open_gallery(arguments.gallery) as gallery,
    ):
        yield gallery


def opened_detector(arguments: Namespace) -> "Detector":
    """The detector that the options describe, for commands that embed nothing."""
    from facenet_res.faces.open import open_detector

    return open_detector(
        arguments.detector,
        arguments.detector_model,
        arguments.face_px_min,
        retries=not arguments.no_retries,
    )


@contextmanager
def opened_embedder(arguments: Namespace, **settings: Any) -> "Iterator[Embedder]":
    """The network that the options describe, for commands that are given aligned crops."""
    with open_recognizer(arguments, **settings) as recognizer:
        yield recognizer.embedder
