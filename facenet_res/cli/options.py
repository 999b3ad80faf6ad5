"""Options that several commands share, and what they open."""

import argparse
import importlib.util
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.keras_start import load_keras
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.core.manifest import Manifest
    from facenet_res.faces.detector import Detector
    from facenet_res.gallery.gallery import EmbeddingGallery
    from facenet_res.inference.embedder import BackendEmbedder
    from facenet_res.pipeline.embed import FacePipeline

Subparsers = Any  # argparse's own type is private
FMR_DEFAULT = 1e-3
ENGINES = ("auto", "openvino", "keras", "onnx")
DEVICES = ("auto", "cpu", "gpu", "tensorrt")
PRECISIONS = ("auto", "f32", "bf16", "f16", "int8")
DETECTORS = ("mtcnn", "yunet")


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
    parser.add_argument(
        "--detector", choices=DETECTORS, default="mtcnn", help="what finds faces (default: mtcnn)"
    )
    parser.add_argument(
        "--detector-model", type=Path, metavar="FILE", help="the ONNX file, which yunet needs"
    )
    parser.add_argument(
        "--face-px-min",
        type=float,
        metavar="PX",
        help="smallest face to look for, of mtcnn (default: 20, or 1/64 of the longer side)",
    )


def add_model(parser: ArgumentParser) -> None:
    """The detector's options, --model, --engine, --device and --precision."""
    add_detector(parser)
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="model folder (default: the one in the package)"
    )
    parser.add_argument(
        "--engine", choices=ENGINES, default="auto", help="what runs the network (default: auto)"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where; used, or an error (default: auto)"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="auto", help="of its numbers (default: auto)"
    )


def add_decision(parser: ArgumentParser, answer_no: str) -> None:
    """--fmr, --threshold and --exit-code."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--fmr",
        type=float,
        metavar="RATE",
        help=f"rate of false accepts to bear, one that the model lists (default: {FMR_DEFAULT:g})",
    )
    group.add_argument(
        "--threshold", type=float, metavar="SIMILARITY", help="or the least similarity, -1 to 1"
    )
    parser.add_argument("--exit-code", action="store_true", help=f"end with status 1 {answer_no}")


def decision(arguments: Namespace, manifest: "Manifest") -> tuple[float, float]:
    """The threshold that was asked for, and its rate of false accepts (0: set by hand).

    Raises:
        ArgumentInvalid: the threshold is out of range, or the model lists no such rate.
    """
    if arguments.threshold is not None:
        if not -1.0 <= arguments.threshold <= 1.0:
            raise ArgumentInvalid(f"--threshold must be in [-1, 1], got {arguments.threshold}")
        return float(arguments.threshold), 0.0
    rate = FMR_DEFAULT if arguments.fmr is None else arguments.fmr
    return manifest.threshold_at(rate).similarity, rate


@contextmanager
def opened_embedder(
    arguments: Namespace, *, flip: bool = False, batch_max: int = 32
) -> "Iterator[BackendEmbedder]":
    """The network that --model, --engine, --device and --precision name."""
    from facenet_res.inference.open import open_embedder

    # Where Keras is absent, opening says which extra to install.
    if arguments.engine == "keras" and importlib.util.find_spec("keras") is not None:
        load_keras()
    with open_embedder(
        arguments.model,
        arguments.engine,
        device=arguments.device,
        precision=arguments.precision,
        flip=flip,
        batch_max=batch_max,
    ) as embedder:
        yield embedder


def opened_detector(arguments: Namespace) -> "Detector":
    """The detector that --detector, --detector-model and --face-px-min describe."""
    from facenet_res.faces.open import open_detector

    return open_detector(arguments.detector, arguments.detector_model, arguments.face_px_min)


@contextmanager
def opened_pipeline(arguments: Namespace) -> "Iterator[tuple[FacePipeline, Manifest]]":
    """The detector and the network that the options name, and the network's manifest."""
    from facenet_res.pipeline.embed import FacePipeline

    detector = opened_detector(arguments)
    with opened_embedder(arguments) as embedder:
        yield FacePipeline(detector, embedder), embedder.manifest


@contextmanager
def opened_gallery(
    arguments: Namespace,
) -> "Iterator[tuple[EmbeddingGallery, FacePipeline, Manifest]]":
    """The gallery that --gallery names, held to the model, and what `opened_pipeline` opens."""
    from facenet_res.gallery.gallery import EmbeddingGallery

    with opened_pipeline(arguments) as (pipeline, manifest):
        model_id, dim = manifest.model_id, manifest.embedding_dim
        with EmbeddingGallery.open(
            arguments.gallery, model_id=model_id, embedding_dim=dim
        ) as gallery:
            yield gallery, pipeline, manifest
