"""`facenet-res develop export RUN --out DIR`: a trained network as a model folder that serves."""

import dataclasses
import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, print_pairs, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.cli.options import Subparsers, add_command, add_name, add_overwrite
from facenet_res.core import exit_codes
from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.extras import require

if TYPE_CHECKING:
    from facenet_res.core.manifest import Threshold

FORMATS = ("safetensors", "openvino", "onnx", "saved_model", "tflite")
EXAMPLES = """examples:
  facenet-res develop export runs/first --out models/first
  facenet-res develop export runs/first --out models/first --mirror \\
      --format safetensors openvino
  facenet-res develop export runs/first/weights.safetensors --out models/first \\
      --thresholds thresholds.json --licence "CC BY-NC 4.0"

The folder of a run also provides thresholds, measured on its held-out people, and the record of
the training, kept in DIR/training. Each file is compared with the Keras network on fixed faces;
below a cosine similarity of 0.9999 nothing is written. --thresholds takes what `facenet-res
evaluate thresholds --json` measured on these weights; a model without thresholds decides only
where --threshold is given. Requires the extra "train"."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    parser = add_command(
        subparsers, "export", run, "make a model folder of trained weights", EXAMPLES
    )
    parser.add_argument(
        "weights", type=Path, metavar="RUN", help="folder of a run, or a .safetensors file"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="model folder to make"
    )
    parser.add_argument(
        "--format",
        dest="formats",
        nargs="+",
        choices=FORMATS,
        default=["safetensors"],
        metavar="FORMAT",
        help=f"files to make, of {', '.join(FORMATS)} (default: safetensors, half precision)",
    )
    add_name(parser, "the run's, or DIR's")
    parser.add_argument(
        "--thresholds", type=Path, metavar="JSON", help="thresholds for the manifest"
    )
    parser.add_argument(
        "--mirror",
        action="store_true",
        help="embed each face as the sum with its mirror image: more accurate, twice the time",
    )
    for name, words in (
        ("--loss", "the loss of the training, for the manifest"),
        ("--training", "the run, for the manifest"),
        ("--licence", "terms of the weights, for the manifest"),
    ):
        parser.add_argument(name, default="", metavar="TEXT", help=words)
    add_overwrite(parser)


def run(arguments: Namespace) -> int:
    """Exports, checks, and says what was written."""
    measured_on, thresholds = (
        read_thresholds(arguments.thresholds) if arguments.thresholds else ("", ())
    )
    if thresholds and not measured_on:
        note(f"{arguments.thresholds} names no model; it is taken to be of these weights")
    require("export", ("keras",), "train")
    # Said before Keras loads, which takes seconds.
    if not arguments.weights.exists():
        raise FileMissing(f"no run and no weights file at {arguments.weights}")
    is_run = arguments.weights.is_dir()
    from facenet_res.core.artifact import check_place

    arguments.out.absolute().parent.mkdir(parents=True, exist_ok=True)
    check_place(arguments.out, overwrite=arguments.overwrite)
    load_keras()
    from facenet_res.export.artifact import ExportConfig, export_artifact

    config = ExportConfig(
        name=arguments.name or ("" if is_run else arguments.out.resolve().name),
        version=arguments.model_version,
        formats=tuple(arguments.formats),
        thresholds=thresholds,
        thresholds_of=measured_on,
        mirror=arguments.mirror,
        loss=arguments.loss,
        training=arguments.training,
        licence=arguments.licence,
        overwrite=arguments.overwrite,
    )
    note(f"exporting {', '.join(config.formats)}, each compared with the Keras network")
    if is_run:
        from facenet_res.train.run_export import export_run

        with stages() as tell:
            manifest = export_run(arguments.weights, arguments.out, config, tell).manifest
    else:
        manifest = export_artifact(arguments.weights, arguments.out, config).manifest
    files = {file.name: file.bytes for file in manifest.files}
    if arguments.json:
        about = {
            "model_id": manifest.model_id,
            "name": manifest.name,
            "version": manifest.version,
            "embedding_dim": manifest.embedding_dim,
        }
        listed = [dataclasses.asdict(one) for one in manifest.thresholds]
        print_json({**about, "folder": str(arguments.out), "files": files, "thresholds": listed})
    else:
        sizes = [(name, f"{size / 1e6:.1f} MB") for name, size in files.items()]
        rates = [
            (f"threshold at FMR {one.fmr:g}", f"{one.similarity:.4f}")
            for one in manifest.thresholds
        ]
        print_pairs(
            [
                ("model", manifest.title),
                ("model id", manifest.model_id),
                ("folder", str(arguments.out)),
                *sizes,
                *rates,
            ]
        )
        if not rates:
            note(
                "the model has no thresholds; measure them: facenet-res evaluate thresholds "
                f"--images PEOPLE --model {arguments.out}"
            )
    return exit_codes.OK


def read_thresholds(path: Path) -> "tuple[str, tuple[Threshold, ...]]":
    """The model id and the thresholds, by falling rate, of a file as `evaluate thresholds` makes.

    A file without a "model_id" gives "".

    Raises:
        FileMissing: there is no such file.
        DataInvalid: it is no JSON, or a threshold lacks a number.
    """
    from facenet_res.core.manifest import Threshold

    names = ("fmr", "similarity", "similarity_low", "similarity_high")
    if not path.is_file():
        raise FileMissing(f"no thresholds at {path}")
    try:
        read = json.loads(path.read_text("utf-8"))
        model_id = str(read.get("model_id") or "")
        thresholds = [
            Threshold(*(float(item[name]) for name in names)) for item in read["thresholds"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataInvalid(
            f'{path} should hold {{"thresholds": [{{{", ".join(names)}}}, ...]}}; {error!r}'
        ) from error
    return model_id, tuple(sorted(thresholds, key=lambda one: -one.fmr))
