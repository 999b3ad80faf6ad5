"""Published weights of the classic ResNets, in torchvision's or keras.applications' layout.

Both name the same tensors differently. They differ in three places besides: keras.applications has
biases in its convolutions, which go into the batch normalisation behind them; an epsilon of
1.001e-5, for which 1e-8 is added to the variance; and a bottleneck's stride in its first 1x1
convolution (`ClassifierConfig.is_stride_first`).

Source: torchvision/models/resnet.py; keras/src/applications/resnet.py (the first version, with
post-activation). Nothing is downloaded: the file is the caller's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.convert.torch_file import read_state
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.extras import require
from facenet_res.models.blocks import BN_EPSILON
from facenet_res.models.checkpoint import fill_variables, named_variables
from facenet_res.models.classifier import build_classifier
from facenet_res.models.classifier_config import CLASSES_MAX, ClassifierConfig
from facenet_res.models.plan import BOTTLENECK_DEPTH_MIN, RESNET_BLOCKS

Layout = Literal["torchvision", "keras"]
Tensors = dict[str, NDArray[np.float32]]

HEAD: Final = "logits"
KERAS_EPSILON: Final = 1.001e-5
HDF5_BYTES_MAX: Final = 4 << 30
NORM_OF_TORCH: Final = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
_TORCH_BLOCK = re.compile(r"layer(\d+)\.(\d+)\.(conv|bn|downsample\.)(\d)\.(\w+)")
_KERAS_BLOCK = re.compile(r"conv(\d+)_block(\d+)_(\d)_(conv|bn)/(\w+)")


@dataclass(frozen=True, slots=True, eq=False)
class ImportedResnet:
    """A network with published weights, and what it takes.

    Attributes:
        network: float[B, side, side, 3] -> float[B, classes], logits.
        config: its shape.
        layout: whose file it was.
        colour_order: of the channels in the input.
        mean: float32[3], subtracted from values in [0, 255], in that order.
        scale: float32[3], by which the difference is divided.
    """

    network: keras.Model
    config: ClassifierConfig
    layout: Layout
    colour_order: Literal["RGB", "BGR"]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


def import_resnet(
    path: Path, classes: int | None = None, side_px: int | None = None
) -> ImportedResnet:
    """Reads a classic ResNet-18, 34, 50, 101 or 152.

    Args:
        path: a state_dict of torchvision (.pth), or an HDF5 file of keras.applications' weights
            by layer names (.h5, as published: `resnet50_weights_tf_dim_ordering_tf_kernels.h5`).
        classes: of a fresh head, to be fine-tuned; None keeps the file's own.
        side_px: height and width of the images; None for 224.

    Returns:
        The network, with float32 weights.

    Raises:
        FileMissing: there is no file.
        ArtifactInvalid: it is damaged, or of neither layout.
        ModelMismatch: a tensor is missing, left over, or of another shape.
        EngineUnavailable: the package h5py, which reads HDF5, is not installed.
    """
    if not path.is_file():
        raise FileMissing(f"no weights file at {path}")
    tensors, layout = _read(path)
    found = int(tensors[f"{HEAD}/bias"].shape[0]) if f"{HEAD}/bias" in tensors else None
    if classes is None and (found is None or not 2 <= found <= CLASSES_MAX):
        raise ArtifactInvalid(f"{path} has no head of 2 or more classes: give `classes`")
    config = ClassifierConfig(
        depth=_depth_of(tensors, path),
        classes=classes or found or 0,
        is_stride_first=layout == "keras",
    )
    network = build_classifier(config, side_px)
    is_kept = classes is None
    variables, wanted = (
        {key: each for key, each in some.items() if is_kept or not key.startswith(f"{HEAD}/")}
        for some in (named_variables(network), tensors)
    )
    fill_variables(variables, wanted, path)
    if layout == "keras":
        mean, scale = (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)
    else:
        mean, scale = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    return ImportedResnet(
        network,
        config,
        layout,
        "BGR" if layout == "keras" else "RGB",
        np.array(mean, np.float32),
        np.array(scale, np.float32),
    )


def _read(path: Path) -> tuple[Tensors, Layout]:
    with path.open("rb") as file:
        is_hdf5 = file.read(8) == b"\x89HDF\r\n\x1a\n"
    if is_hdf5:
        return _of_keras(_hdf5_tensors(path), path), "keras"
    return _of_torch(read_state(path), path), "torchvision"


def _of_torch(state: Mapping[str, Any], path: Path) -> Tensors:
    tensors: Tensors = {}
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        layer, _, kind = name.rpartition(".")
        if match := _TORCH_BLOCK.fullmatch(name):
            stage, block, part, number, kind = match.groups()
            prefix = f"stage{stage}_block{int(block) + 1}"
            if part == "downsample.":
                layer = f"{prefix}_shortcut_{'conv' if number == '0' else 'bn'}"
            else:
                layer = f"{prefix}_{part}{number}"
        else:
            layer = {"conv1": "stem_conv", "bn1": "stem_bn", "fc": HEAD}.get(layer, "")
        if not layer:
            raise ArtifactInvalid(f"{path}: {name!r} is no tensor of a torchvision ResNet")
        if value.ndim == 4:
            tensors[f"{layer}/kernel"] = value.transpose(2, 3, 1, 0)  # OIHW to HWIO.
        elif layer == HEAD:
            key = "kernel" if kind == "weight" else "bias"
            tensors[f"{layer}/{key}"] = value.T
        else:
            tensors[f"{layer}/{NORM_OF_TORCH.get(kind, kind)}"] = value
    return tensors


def _of_keras(found: Mapping[str, Any], path: Path) -> Tensors:
    tensors: Tensors = {}
    biases: Tensors = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition("/")
        if match := _KERAS_BLOCK.fullmatch(name):
            stage, block, number, part, kind = match.groups()
            prefix = f"stage{int(stage) - 1}_block{block}"
            layer = f"{prefix}_shortcut_{part}" if number == "0" else f"{prefix}_{part}{number}"
        else:
            names = {"conv1_conv": "stem_conv", "conv1_bn": "stem_bn", "predictions": HEAD}
            layer = names.get(layer, "")
        if not layer:
            raise ArtifactInvalid(f"{path}: {name!r} is no tensor of a keras.applications ResNet")
        if kind == "bias" and layer != HEAD:
            biases[layer.replace("conv", "bn")] = value
        else:
            tensors[f"{layer}/{kind}"] = value
    for layer, bias in biases.items():
        mean = f"{layer}/moving_mean"
        if mean not in tensors or tensors[mean].shape != bias.shape:
            raise ArtifactInvalid(f"{path}: a bias of {bias.shape} has no normalisation {layer}")
        tensors[mean] = tensors[mean] - bias
    for name in tensors:
        if name.endswith("moving_variance"):
            tensors[name] = tensors[name] + np.float32(KERAS_EPSILON - BN_EPSILON)
    return tensors


def _hdf5_tensors(path: Path) -> dict[str, Any]:
    """Arrays by "layer/variable", of a file whose groups are layers."""
    require("reading .h5", ("h5py",), "train")
    import h5py  # noqa: PLC0415 (an extra)

    tensors: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            if node.size * 4 > HDF5_BYTES_MAX or node.dtype.kind != "f":
                raise ArtifactInvalid(f"{path}: {name} has {node.size} values of {node.dtype}")
            # "conv1_conv/conv1_conv/kernel:0"; in a file of a whole model below "model_weights".
            layer, kind = name.split("/")[-2:]
            tensors[f"{layer}/{kind.removesuffix(':0')}"] = np.asarray(node[()], np.float32)

    try:
        with h5py.File(path, "r") as file:
            file.get("model_weights", file).visititems(visit)
    except (OSError, ValueError, RuntimeError) as error:
        raise ArtifactInvalid(f"{path} is truncated or no HDF5 file: {error}") from error
    return tensors


def _depth_of(tensors: Tensors, path: Path) -> int:
    """By the blocks of each stage, and how many convolutions a block has."""
    names = [re.match(r"stage(\d+)_block(\d+)_", name) for name in tensors]
    pairs = {(int(match[1]), int(match[2])) for match in names if match}
    blocks = tuple(sum(stage == number for stage, _ in pairs) for number in range(1, 5))
    is_deep = any("_conv3/" in name for name in tensors)
    for depth, wanted in RESNET_BLOCKS.items():
        if wanted == blocks and (depth >= BOTTLENECK_DEPTH_MIN) == is_deep:
            return depth
    kind = "bottlenecks" if is_deep else "basic blocks"
    raise ArtifactInvalid(
        f"{path} is no classic ResNet: {blocks} {kind} in its stages; "
        f"known are the depths {', '.join(map(str, RESNET_BLOCKS))}"
    )
