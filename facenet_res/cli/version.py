"""`facenet-res version`: this package, the model and what runs it."""

from argparse import Namespace

from facenet_res import __version__
from facenet_res.cli.console import print_answer
from facenet_res.cli.options import Subparsers, add_command, add_model, open_recognizer
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "show the version, the model and the engine that runs it"
    add_model(add_command(subparsers, "version", run, summary))


def run(arguments: Namespace) -> int:
    """Prints it; a model that cannot be opened is part of the answer."""
    try:
        with open_recognizer(arguments) as recognizer:
            info = recognizer.info()
        model = {"name": info.name, "version": info.version, "model_id": info.model_id}
        model |= {"engine": info.engine}
    except FacenetError as error:
        model = {"error": str(error)}
    rows = [("facenet-res", __version__), *_rows(model)]
    print_answer({"version": __version__, "model": model}, rows, as_json=arguments.json)
    return exit_codes.OK


def _rows(model: dict[str, str]) -> list[tuple[str, str]]:
    if "error" in model:
        return [("model", f"none ({model['error']})")]
    return [
        ("model", f"{model['name']} {model['version']}".strip()),
        ("model id", model["model_id"]),
        ("engine", model["engine"]),
    ]
