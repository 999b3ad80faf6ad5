"""`facenet-res develop networks`: every architecture that can be built, with its cost."""

import dataclasses
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_json, print_table
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError

if TYPE_CHECKING:
    from facenet_res.models.catalogue import Network

EXAMPLES = """examples:
  facenet-res develop networks
  facenet-res develop networks --json | jq '.[] | select(.gmacs < 1) | .name'

The first is that of the default model. An iresnet computes embeddings, the others class scores; a
plain network is a residual one without its shortcuts, for comparison. Input is the side of the
square image in px. A GMAC is 1e9 multiply-accumulates of convolutions and dense layers for one
image (FLOPs are twice that). Parameters count the trained weights and the fixed gamma of the last
batch normalisation, as published counts do. Other widths, stems, heads, class counts and CIFAR
depths 6n + 2 and 9n + 2 can be built too: see ModelConfig and ClassifierConfig."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "list network architectures with parameters and GMACs"
    add_command(subparsers, "networks", run, summary, EXAMPLES)


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
            return described(manifest.title, ModelConfig.from_dict(manifest.network))
        reason = f"{manifest.title} does not describe its network"
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
