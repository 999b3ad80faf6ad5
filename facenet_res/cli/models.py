"""`facenet-res models`: lists networks, and imports or pulls others."""

import dataclasses
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from facenet_res.cli import models_dlib, models_import, models_pull
from facenet_res.cli.console import note, print_json, print_table
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError

if TYPE_CHECKING:
    from facenet_res.models.catalogue import Network

EXAMPLES = """examples:
  facenet-res models
  facenet-res models list --json
  facenet-res models --json | jq '.[] | select(.gmacs < 1) | .name'
  facenet-res models import backbone.pth --out models/r50 --licence-accepted
  facenet-res models pull sface --out models/sface --licence-accepted
  facenet-res models dlib dlib_face_recognition_resnet_model_v1.dat --out dlib.onnx

The first in the list is the model in the package. An iresnet embeds a face, the others tell classes
apart; a plain network is its residual twin without the skips, to compare with. Input is the side of
the square image in px. A GMAC is 1e9 multiply-accumulates of convolutions and dense layers for one
image (a FLOP count is twice that). Parameters are the trained weights and the fixed gamma of an
embedding's last BN, as in published counts. Widths, stems, heads, numbers of classes and CIFAR
depths 6n + 2 and 9n + 2 other than these can be built too: see ModelConfig, ClassifierConfig."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command and those below it; without one of them it lists."""
    parser = add_command(
        subparsers, "models", run, "list networks; import and pull others'", EXAMPLES
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    listing = "list every network with its parameters and GMACs"
    add_command(actions, "list", run, listing, is_inner=True)
    models_import.add_parser(actions)
    models_pull.add_parser(actions)
    models_dlib.add_parser(actions)


def run(arguments: Namespace) -> int:
    """Prints the table. Nothing is built and Keras is not loaded: the figures are added up."""
    from facenet_res.models.catalogue import networks

    default = _default()
    listed = [*([default] if default else []), *networks()]
    if arguments.json:
        print_json([_document(network, is_default=network is default) for network in listed])
        return exit_codes.OK
    print_table(
        ("network", "input", "output", f"{'parameters':>11}", f"{'GMAC':>6}"),
        [_row(network, is_default=network is default) for network in listed],
    )
    return exit_codes.OK


def _default() -> "Network | None":
    """The network of the model in the package; None, and a remark, where there is none of ours."""
    from facenet_res.core.artifact import default_artifact_dir, read_manifest
    from facenet_res.models.catalogue import described
    from facenet_res.models.config import ModelConfig

    try:
        manifest = read_manifest(default_artifact_dir())
        if manifest.network:
            return described(manifest.model_id, ModelConfig.from_dict(manifest.network))
        reason = f"{manifest.model_id} says nothing of its network"
    except FacenetError as error:
        reason = str(error)
    note(f"the default model is not listed: {reason}")
    return None


def _row(network: "Network", *, is_default: bool) -> tuple[str, ...]:
    kind = "values" if network.is_embedding else "classes"
    return (
        f"{network.name} (default)" if is_default else network.name,
        f"{network.input_side_px}",
        f"{network.outputs} {kind}",
        f"{network.complexity.parameters:>11,}",
        f"{network.complexity.macs / 1e9:>6.3f}",
    )


def _document(network: "Network", *, is_default: bool) -> dict[str, Any]:
    return {
        "name": network.name,
        "is_default": is_default,
        "input_side_px": network.input_side_px,
        "outputs": network.outputs,
        "parameters": network.complexity.parameters,
        "gmacs": network.complexity.macs / 1e9,
        "config": dataclasses.asdict(network.config),
    }
