"""A model folder with random weights, for tests that need a network but not a good one.

Made without Keras: no test has to load it to have something to serve.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from facenet_res.core.artifact import Artifact, Manifest, Threshold, write_artifact
from facenet_res.core.openvino_runtime import ov
from facenet_res.inference.graph_layers import BN_EPSILON
from facenet_res.inference.iresnet_graph import iresnet_graph
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import IRESNET_BLOCKS, stage_channels

TINY: dict[str, Any] = {
    "depth": 18,
    "width": 0.125,
    "stem": "half",
    "head": "flatten",
    "embedding_dim": 64,
}
SIDE_PX = 112
THRESHOLDS = tuple(
    Threshold(rate, similarity, similarity - 0.02, similarity + 0.02)
    for rate, similarity in ((1e-2, 0.5), (1e-3, 0.6), (1e-4, 0.7))
)


def write_random_artifact(folder: Path, seed: int = 0, **config: Any) -> Artifact:
    """Writes a tiny random IResNet as an artifact.

    The last batch normalisation is fitted to random smooth pictures, so that, unlike those of
    most random networks, the embeddings of different pictures point in different directions.

    Args:
        folder: to be made; its parent is made too.
        seed: decides the weights, and with them the model id.
        config: values of ModelConfig that differ from `TINY`.
    """
    network = ModelConfig(**{**TINY, **config})
    tensors = random_tensors(network, seed)
    tensors |= _centred(tensors, network, seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = folder.parent / f".{folder.name}-source" / "model.safetensors"
    source.parent.mkdir()
    save_file(tensors, source, {"config": json.dumps(network.to_dict())})
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    manifest = Manifest(
        model_id=f"random-{seed}-{digest[:8]}",
        embedding_dim=network.embedding_dim,
        network=network.to_dict(),
        thresholds=THRESHOLDS,
        loss="none",
        training="none: random weights",
        licence="Apache-2.0",
    )
    artifact = write_artifact(folder, manifest, [("safetensors", source)])
    source.unlink()
    source.parent.rmdir()
    return artifact


def random_tensors(config: ModelConfig, seed: int) -> dict[str, NDArray[np.float32]]:
    """Weights of the right shapes; signals keep their size from layer to layer."""
    rng = np.random.default_rng(seed)
    return {name: _random(rng, name, shape) for name, shape in _shapes(config)}


def smooth_faces(count: int, seed: int) -> NDArray[np.uint8]:
    """uint8[count, 112, 112, 3]: soft blobs of colour, no two alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 7, 7, 3))
    return np.repeat(np.repeat(coarse, 16, axis=1), 16, axis=2).astype(np.uint8)


def _shapes(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    channels = stage_channels(config.width)
    yield "stem_conv/kernel", (3, 3, 3, channels[0])
    yield from _bn("stem_bn", channels[0])
    yield "stem_prelu/alpha", (1, 1, channels[0])
    before = channels[0]
    for stage, width in enumerate(channels, start=1):
        for block in range(1, IRESNET_BLOCKS[config.depth][stage - 1] + 1):
            name = f"stage{stage}_block{block}"
            is_halving = block == 1 and not (stage == 1 and config.stem == "half")
            if is_halving or before != width:
                yield f"{name}_shortcut_conv/kernel", (1, 1, before, width)
                yield from _bn(f"{name}_shortcut_bn", width)
            yield from _bn(f"{name}_bn1", before)
            yield f"{name}_conv1/kernel", (3, 3, before, width)
            yield from _bn(f"{name}_bn2", width)
            yield f"{name}_prelu/alpha", (1, 1, width)
            yield f"{name}_conv2/kernel", (3, 3, width, width)
            yield from _bn(f"{name}_bn3", width)
            before = width
    yield from _bn("head_bn", before)
    if config.head == "gdc":
        yield "head_depthwise/kernel", (7, 7, before, 1)
        yield from _bn("head_depthwise_bn", before)
    values = before * 49 if config.head == "flatten" else before
    yield "head_dense/kernel", (values, config.embedding_dim)
    yield "head_dense/bias", (config.embedding_dim,)
    for name, shape in _bn("embedding", config.embedding_dim):
        if not name.endswith("gamma"):
            yield name, shape


def _bn(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for variable in ("gamma", "beta", "moving_mean", "moving_variance"):
        yield f"{name}/{variable}", (channels,)


def _random(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    variable = name.split("/")[1]
    if variable in ("gamma", "moving_variance"):
        values = rng.uniform(0.5, 1.5, shape)
    elif variable == "alpha":
        values = rng.uniform(0.1, 0.4, shape)
    elif variable == "kernel":
        fan_in = 49 if "depthwise" in name else int(np.prod(shape[:-1]))
        values = rng.normal(0, fan_in**-0.5, shape)
    else:
        values = rng.normal(0, 0.1, shape)
    return values.astype(np.float32)


def _centred(
    tensors: dict[str, NDArray[np.float32]], config: ModelConfig, seed: int
) -> dict[str, NDArray[np.float32]]:
    """The last normalisation's mean, moved so that random pictures average to nothing."""
    model = iresnet_graph(tensors, config.to_dict(), SIDE_PX)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    pictures = (smooth_faces(32, seed + 1).astype(np.float32) - 127.5) / 127.5
    average = compiled([pictures])[0].mean(axis=0)
    # The outputs were divided by this already.
    deviation = np.sqrt(tensors["embedding/moving_variance"] + BN_EPSILON)
    return {"embedding/moving_mean": tensors["embedding/moving_mean"] + average * deviation}
