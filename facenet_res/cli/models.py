"""`facenet-res models`: the models at hand; imports and pulls others."""

from argparse import Namespace
from typing import Any

from facenet_res.cli import models_import, models_pull
from facenet_res.cli.console import print_json, print_table
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError
from facenet_res.core.model_names import list_models, model_manifest

EXAMPLES = """examples:
  facenet-res models
  facenet-res verify a.jpg b.jpg --model dlib-resnet
  facenet-res models pull sface --out models/sface --licence-accepted
  facenet-res models import backbone.pth --out models/r50 --licence-accepted
  facenet-res verify a.jpg b.jpg --model models/sface --threshold 0.4

--model takes a name of the list or a model folder, which `models pull`, `models import` and
`develop export` make. A model without thresholds requires --threshold, or a calibration:
`facenet-res calibrate --help`."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command and those below it; without one of them it lists."""
    summary = "list the models at hand; pull and import others"
    parser = add_command(subparsers, "models", run, summary, EXAMPLES)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND")
    add_command(actions, "list", run, "list the models that --model takes by name")
    models_pull.add_parser(actions)
    models_import.add_parser(actions)


def run(arguments: Namespace) -> int:
    """Prints the models; one that is not installed is listed with what to do."""
    found = [_described(name) for name in list_models()]
    if arguments.json:
        print_json(found)
        return exit_codes.OK
    rows = [
        (
            each["name"],
            each.get("title", "-"),
            str(each.get("embedding_dim", "-")),
            each.get("error") or each["licence"] or "not stated",
        )
        for each in found
    ]
    print_table(("name", "model", "dim", "terms"), rows)
    return exit_codes.OK


def _described(name: str) -> dict[str, Any]:
    try:
        manifest = model_manifest(name)
    except FacenetError as error:
        return {"name": name, "error": str(error)}
    return {
        "name": name,
        "title": manifest.title,
        "version": manifest.version,
        "model_id": manifest.model_id,
        "embedding_dim": manifest.embedding_dim,
        "calibrated_fmr": [each.fmr for each in manifest.thresholds],
        "licence": manifest.licence,
    }
