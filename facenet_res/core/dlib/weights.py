"""dlib's face network as weights of our `dlib_resnet`, without Keras.

dlib's constant scale behind each convolution becomes a batch normalisation of mean 0 and variance 1
that computes the same; `train.normalisation` sets its statistics before training.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from facenet_res.core.dlib.layers import Convolution
from facenet_res.core.dlib.network import Block, DlibNetwork, read_dlib_network
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.face_template import DLIB_SIDE_PX
from facenet_res.core.files import write_atomically

# Both as in `models`, which serving does not import; a test compares them.
BN_EPSILON: Final = 1e-5
OUR_CENTRE, THEIR_SCALE = 127.5, 256.0
BLOCKS: Final = (3, 4, 3, 3, 1)
CHANNELS: Final = (32, 64, 128, 256, 256)
DIM: Final = 128
CONFIG: Final = {
    "family": "dlib_resnet",
    "depth": 29,
    "width": 1.0,
    "stem": "full",
    "head": "gap",
    "embedding_dim": DIM,
    "dropout": 0.0,
}

Tensors = dict[str, NDArray[np.float32]]


def write_dlib_weights(source: Path, out: Path) -> None:
    """Converts dlib's .dat file to a safetensors file of float16 kernels.

    Raises:
        FileMissing: there is no file at `source`.
        ArtifactInvalid: it is truncated, corrupt, or another network.
        DiskFull, NotWritable: nothing could be written.
    """
    tensors: dict[str, NDArray[Any]] = {
        key: values.astype(np.float16) if key.endswith("kernel") else values
        for key, values in dlib_tensors(source).items()
    }
    write_atomically(out, save(tensors, {"config": json.dumps(CONFIG)}))


def dlib_tensors(source: Path) -> Tensors:
    """`layer/variable` -> float32, in Keras' layouts, of dlib's published network.

    Raises:
        FileMissing: there is no file at `source`.
        ArtifactInvalid: it is truncated, corrupt, or another network.
    """
    network = read_dlib_network(source)
    _check_shape(source, network)
    tensors = _normalised("stem_conv", fed_as_ours(network))
    blocks = iter(network.blocks)
    for stage, count in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            block = next(blocks)
            for place, one in enumerate(block.convolutions, start=1):
                tensors |= _normalised(f"stage{stage}_block{number}_conv{place}", one)
    tensors["embedding/kernel"] = np.ascontiguousarray(network.matrix)
    tensors["embedding/bias"] = np.zeros(DIM, np.float32)
    return tensors


def fed_as_ours(network: DlibNetwork) -> Convolution:
    """The first convolution, rewritten for inputs in our range, (value - 127.5) / 127.5.

    dlib's are (value - mean) / 256. Exact, since the convolution is not padded. Operators of their
    own would be fused into the sampling before them, which OpenVINO 2026.4 fails to compile.

    Raises:
        ArtifactInvalid: the convolution is padded.
    """
    stem = network.stem
    if stem.pad_px:
        raise ArtifactInvalid(f"the first convolution is padded by {stem.pad_px} px, not by 0")
    shift = (OUR_CENTRE - network.mean) / THEIR_SCALE
    bias = stem.bias + np.einsum("ocrs,c->o", stem.kernel, shift)
    kernel = stem.kernel * np.float32(OUR_CENTRE / THEIR_SCALE)
    return Convolution(kernel, bias.astype(np.float32), stem.stride_px, stem.pad_px)


def _normalised(name: str, one: Convolution) -> Tensors:
    """A convolution, and the normalisation that adds its bias."""
    bn = name.replace("conv", "bn")
    channels = len(one.bias)
    return {
        f"{name}/kernel": np.ascontiguousarray(one.kernel.transpose(2, 3, 1, 0)),
        f"{bn}/gamma": np.ones(channels, np.float32),
        f"{bn}/beta": one.bias.astype(np.float32),
        f"{bn}/moving_mean": np.zeros(channels, np.float32),
        f"{bn}/moving_variance": np.full(channels, 1 - BN_EPSILON, np.float32),
    }


def _check_shape(source: Path, network: DlibNetwork) -> None:
    """Raises ArtifactInvalid unless the network is the published one's shape."""
    wanted = [
        (width, number == 0 and stage > 0)
        for stage, (count, width) in enumerate(zip(BLOCKS, CHANNELS, strict=True))
        for number in range(count)
    ]
    found = [_described(block) for block in network.blocks]
    stem, pool = network.stem, network.pool
    is_stem = stem.kernel.shape == (CHANNELS[0], 3, 7, 7) and (stem.stride_px, stem.pad_px) == (
        2,
        0,
    )
    is_pool = (pool.kind, pool.side_px, pool.stride_px) == ("max", 3, 2)
    is_matrix = network.matrix.shape == (CHANNELS[-1], DIM)
    if not (is_stem and is_pool and is_matrix) or found != wanted:
        raise ArtifactInvalid(
            f"{source} is another network than dlib_face_recognition_resnet_model_v1: "
            f"{len(found)} blocks, stem {stem.kernel.shape}, matrix {network.matrix.shape}"
        )
    if network.side_px != DLIB_SIDE_PX:
        raise ArtifactInvalid(
            f"{source} takes crops of {network.side_px} px, only {DLIB_SIDE_PX} px are supported"
        )


def _described(block: Block) -> tuple[int, bool] | None:
    """Channels and whether it halves the map; None for a block of another form."""
    first, second, short = block.first, block.second, block.shortcut
    is_halving = short is not None
    sides = first.kernel.shape[2:] + second.kernel.shape[2:]
    steps = (first.stride_px, first.pad_px, second.stride_px, second.pad_px)
    wanted = (2, 0, 1, 1) if is_halving else (1, 1, 1, 1)
    is_mean = short is None or (short.side_px, short.stride_px) == (2, 2)
    if sides != (3, 3, 3, 3) or steps != wanted or not is_mean:
        return None
    return len(second.bias), is_halving
