"""Options that several commands share, and what they open."""

import argparse
import importlib.util
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.keras_start import load_keras
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

Subparsers = Any  # argparse's own type is private


def add_command(
    subparsers: Subparsers,
    name: str,
    run: Callable[[Namespace], int],
    summary: str,
    epilog: str = "",
    *,
    is_inner: bool = False,
) -> ArgumentParser:
    """A command with its help, its examples and `--json`.

    An inner command stands below one that runs by itself as well: there `facenet-res models --json
    list` is to mean what `facenet-res models list --json` does, so it has no "no" of its own.
    """
    absent: Any = argparse.SUPPRESS if is_inner else False
    parser: ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--json", action="store_true", default=absent, help="print one JSON document on stdout"
    )
    parser.add_argument(
        "--debug", action="store_true", default=absent, help="show the trace of an error"
    )
    parser.set_defaults(run=run)
    return parser


def add_detector(parser: ArgumentParser) -> None:
    """--detector, --detector-model and --face-px-min."""
    group = parser.add_argument_group("detector")
    group.add_argument(
        "--detector", choices=DETECTORS, default=DETECTOR_DEFAULT, help="default: %(default)s"
    )
    group.add_argument("--detector-model", type=Path, metavar="FILE", help="ONNX file of yunet")
    group.add_argument(
        "--face-px-min",
        type=float,
        metavar="PX",
        help="smallest face to detect, mtcnn only (default: 20, or 1/64 of the longer side)",
    )


def add_model(parser: ArgumentParser) -> None:
    """The detector's options, --model, --engine, --device and --precision."""
    add_detector(parser)
    group = parser.add_argument_group("network")
    group.add_argument(
        "--model", default=DEFAULT, help="name of a model, or its folder (default: %(default)s)"
    )
    group.add_argument("--engine", choices=ENGINES, default="auto", help="default: %(default)s")
    group.add_argument("--device", choices=DEVICES, default="auto", help="default: %(default)s")
    group.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="default: %(default)s"
    )


def add_operating_point(parser: ArgumentParser, *, answer_no: str = "") -> None:
    """--fmr, --threshold and, where an answer can be no, --exit-code."""
    options = parser.add_argument_group("decision")
    group = options.add_mutually_exclusive_group()
    group.add_argument(
        "--fmr",
        type=float,
        metavar="RATE",
        help=f"false match rate of one comparison (default: {FMR_DEFAULT:g})",
    )
    group.add_argument(
        "--threshold", type=float, metavar="SCORE", help="or the threshold itself, -1 to 1"
    )
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
        **settings,
    )


def open_recognizer(arguments: Namespace, **settings: Any) -> "FaceRecognizer":
    """Opens the recognizer that the options describe; a context manager."""
    from facenet_res.recognizer.recognizer import FaceRecognizer

    # Where Keras is absent, opening says which extra to install.
    if arguments.engine == "keras" and importlib.util.find_spec("keras") is not None:
        load_keras()
    return FaceRecognizer(config=recognizer_config(arguments, **settings))


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

    return open_detector(arguments.detector, arguments.detector_model, arguments.face_px_min)


@contextmanager
def opened_embedder(arguments: Namespace, **settings: Any) -> "Iterator[Embedder]":
    """The network that the options describe, for commands that are given aligned crops."""
    with open_recognizer(arguments, **settings) as recognizer:
        yield recognizer.embedder
