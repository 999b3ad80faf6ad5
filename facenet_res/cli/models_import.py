"""`facenet-res models import FILE`: an existing network as a model folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_answer
from facenet_res.cli.keras_start import load_keras
from facenet_res.cli.options import Subparsers, add_command, add_name, add_overwrite
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.convert.importing import ImportConfig, Imported

KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")
EXAMPLES = """examples:
  facenet-res models import backbone.pth --out models/r50 --licence-accepted
  facenet-res models import w600k_r50.onnx --licence-accepted \\
      --licence "InsightFace: non-commercial research only"
  facenet-res models import adaface.onnx --colour-order BGR --licence-accepted
  facenet-res models import mobilefacenet.onnx --as-is --mean 127.5 \\
      --scale 127.5 --colour-order RGB --licence Apache-2.0 --licence-accepted

An IResNet (a checkpoint of arcface_torch, ONNX, or Keras .h5 and .keras) becomes Keras weights
that can be trained further; --as-is keeps any ONNX embedding network. No code in the file is run.
The result is compared with the source on fixed faces; below a cosine similarity of 0.99999 nothing
is written. ONNX requires the extra "onnx", .h5 and .keras the extra "train"."""


def add_parser(actions: Subparsers) -> None:
    """Adds `models import`."""
    parser = add_command(
        actions, "import", run, "make a model folder of an existing network", EXAMPLES
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=".pth, .onnx, .h5 or .keras")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="model folder to make (default: name of the file)"
    )
    add_name(parser, "that of the folder")
    add_terms(parser)
    parser.add_argument("--licence", metavar="TEXT", help="terms of the weights")
    parser.add_argument("--mean", type=float, metavar="X", help="subtracted from each pixel")
    parser.add_argument("--scale", type=float, metavar="X", help="divides the difference")
    parser.add_argument("--colour-order", choices=("RGB", "BGR"), help="of the network's input")
    parser.add_argument(
        "--as-is", action="store_true", help="keep the ONNX file, whatever its kind"
    )
    parser.add_argument("--layout", choices=("NCHW", "NHWC"), help="input axes, for --as-is")
    parser.add_argument(
        "--embedding-dim", type=int, metavar="N", help="embedding length, for --as-is"
    )
    parser.add_argument(
        "--normalised", action="store_true", help="the output is of unit length, for --as-is"
    )
    parser.add_argument(
        "--manifest", type=Path, metavar="TOML", help="file with these values, for --as-is"
    )


def add_terms(parser: ArgumentParser) -> None:
    """--licence-accepted and --overwrite, of whatever makes a folder of others' weights."""
    parser.add_argument(
        "--licence-accepted",
        "--license-accepted",
        action="store_true",
        help="you accept the terms of the weights",
    )
    add_overwrite(parser)


def run(arguments: Namespace) -> int:
    """Shows the terms, imports, and says what was written."""
    from facenet_res.convert.terms import usual_terms

    settings = _settings(arguments)
    terms = settings.pop("licence") or usual_terms(arguments.file, as_is=arguments.as_is)
    check_terms(arguments, terms)
    out = arguments.out or Path(arguments.file.stem)
    name = arguments.name or out.resolve().name
    imported = import_file(arguments.file, out, _config(name, terms, arguments, settings))
    print_imported(imported, out, as_json=arguments.json)
    return exit_codes.OK


def check_terms(arguments: Namespace, terms: str) -> None:
    """Shows the terms on stderr.

    Raises:
        ArgumentInvalid: they were not accepted.
    """
    if not arguments.licence_accepted:
        raise ArgumentInvalid(
            "nothing was fetched or written; accept the terms of the weights with "
            f"--licence-accepted: {terms}"
        )
    note(f"terms of the weights: {terms}")


def import_file(file: Path, out: Path, config: "ImportConfig") -> "Imported":
    """Imports; Keras, where the source needs it, is loaded in silence."""
    import importlib.util

    from facenet_res.convert.importing import import_model

    if file.suffix.lower() in KERAS_SUFFIXES and importlib.util.find_spec("keras") is not None:
        load_keras()
    note("converting, and comparing the result with the source")
    return import_model(file, out, config)


def print_imported(imported: "Imported", out: Path, *, as_json: bool) -> None:
    """Model, folder and how close it is to its source."""
    manifest = imported.artifact.manifest
    network = manifest.network
    kind = f"{network['family']}{network['depth']}" if network else "ONNX"
    document = {
        **{name: getattr(manifest, name) for name in ("model_id", "name", "version")},
        "embedding_dim": manifest.embedding_dim,
        "network": network,
        "folder": str(out),
        "similarity_min": imported.similarity_min,
        "files": {file.name: file.bytes for file in manifest.files},
    }
    rows = [
        ("model", manifest.title),
        ("model id", manifest.model_id),
        ("network", f"{kind}, embedding length {manifest.embedding_dim}"),
        ("folder", str(out)),
        ("similarity to the source", f"{imported.similarity_min:.7f}"),
        *((file.name, f"{file.bytes / 1e6:.1f} MB") for file in manifest.files),
    ]
    print_answer(document, rows, as_json=as_json)


def _settings(arguments: Namespace) -> dict[str, Any]:
    """What the file of --manifest says; a flag overrides it."""
    from facenet_res.convert.settings_file import read_import_settings

    names = ("mean", "scale", "colour_order", "layout", "embedding_dim", "licence")
    given = {name: getattr(arguments, name) for name in names}
    if not arguments.as_is:
        alone = {"--layout": arguments.layout, "--embedding-dim": arguments.embedding_dim}
        alone |= {"--normalised": arguments.normalised, "--manifest": arguments.manifest}
        useless = [flag for flag, value in alone.items() if value]
        if useless:
            raise ArgumentInvalid(f"{', '.join(useless)}: only with --as-is")
    settings = read_import_settings(arguments.manifest) if arguments.manifest else {}
    if arguments.normalised:
        settings["is_normalised"] = True
    for name, value in given.items():
        if value is not None:
            settings[name] = value
    return {"licence": None} | settings


def _config(
    name: str, terms: str, arguments: Namespace, settings: dict[str, Any]
) -> "ImportConfig":
    from facenet_res.convert.importing import ImportConfig

    return ImportConfig(
        name=name,
        version=arguments.model_version,
        licence=terms,
        as_is=arguments.as_is,
        overwrite=arguments.overwrite,
        **settings,
    )
