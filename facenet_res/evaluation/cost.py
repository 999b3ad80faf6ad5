"""What a network costs: time for one face, weights, work, bytes."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from facenet_res.core.artifact import Artifact
from facenet_res.core.openvino_runtime import ov
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.inference.config import BackendConfig, Precision
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.inference.openvino_network import read_network
from facenet_res.models.census import Complexity, census
from facenet_res.models.config import ModelConfig

ROUNDS: Final = 100
WARM_UP: Final = 5
CONVOLUTIONS: Final = ("Convolution", "GroupConvolution")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one network. Times are medians of single faces through OpenVINO on the CPU.

    Attributes:
        one_core_ms: in float32 on one thread.
        two_cores_ms: on two threads.
        int8_one_core_ms: of the folder's int8 network; NaN where it has none.
        int8_two_cores_ms: likewise.
        parameters: trained weights.
        macs: multiplications of convolutions and dense layers for one face, with its mirror image
            where that is embedded too.
        bytes: of all the files that the manifest lists.
    """

    one_core_ms: float
    two_cores_ms: float
    int8_one_core_ms: float
    int8_two_cores_ms: float
    parameters: int
    macs: int
    bytes: int


def measure_cost(artifact: Artifact, rounds: int = ROUNDS, *, is_mirrored: bool = False) -> Cost:
    """Measures on this machine, now; whatever else it does makes the times longer.

    Args:
        artifact: the model folder.
        rounds: faces embedded for each median.
        is_mirrored: whether the mirrored face is embedded too, even if the manifest does not ask.

    Raises:
        ArtifactInvalid: the network is damaged.
    """
    has_int8 = artifact.manifest.file_of("openvino_int8") is not None
    precisions: tuple[Precision, ...] = ("f32", "int8") if has_int8 else ("f32",)
    times = {
        (precision, threads): face_ms(
            artifact, precision, threads=threads, rounds=rounds, is_mirrored=is_mirrored
        )
        for precision in precisions
        for threads in (1, 2)
    }
    size = network_complexity(artifact)
    passes = 2 if is_mirrored or artifact.manifest.is_mirrored else 1
    return Cost(
        one_core_ms=times["f32", 1],
        two_cores_ms=times["f32", 2],
        int8_one_core_ms=times.get(("int8", 1), math.nan),
        int8_two_cores_ms=times.get(("int8", 2), math.nan),
        parameters=size.parameters,
        macs=passes * size.macs,
        bytes=sum(file.bytes for file in artifact.manifest.files),
    )


def network_complexity(artifact: Artifact) -> Complexity:
    """Parameters and work: by its config where the network is ours, else counted in its graph."""
    if artifact.manifest.network:
        return census(ModelConfig.from_dict(artifact.manifest.network))
    return graph_complexity(read_network(ov.Core(), artifact))


def graph_complexity(network: Any) -> Complexity:
    """The same of any OpenVINO network whose input is a batch of faces.

    Weights are all constants of floating point; where batch normalisation is not folded away its
    statistics are among them.
    """
    parameters, macs = 0, 0
    for node in network.get_ops():
        kind = node.get_type_name()
        if kind == "Constant" and node.get_element_type().is_real():
            parameters += math.prod(node.get_output_shape(0))
        elif kind in CONVOLUTIONS:
            places = node.get_output_partial_shape(0)
            macs += math.prod(node.input(1).get_shape()) * math.prod(
                places[axis].get_length() for axis in range(2, len(places))
            )
        elif kind == "MatMul":
            macs += _product_macs(node)
    return Complexity(parameters, macs)


def _product_macs(node: Any) -> int:
    """Of a matrix product for one face; the matrix may stand before the maps or after them."""
    inner = -2 if node.get_attributes().get("transpose_a") else -1
    made, taken = node.get_output_partial_shape(0), node.input(0).get_partial_shape()
    sizes: list[int] = [made[axis].get_length() for axis in range(1, len(made))]
    length: int = taken[len(taken) + inner].get_length()
    return math.prod(sizes) * length


def face_ms(
    artifact: Artifact,
    precision: Precision,
    *,
    threads: int = 1,
    rounds: int = ROUNDS,
    is_mirrored: bool = False,
) -> float:
    """Median milliseconds to embed one face through OpenVINO on the CPU; see `measure_cost`.

    Raises:
        ArtifactInvalid: the network is damaged.
        EngineUnavailable: the CPU does not compute in the precision.
    """
    face = np.random.default_rng(0).integers(0, 256, (1, FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
    config = BackendConfig(
        engine="openvino", device="cpu", precision=precision, threads=threads, is_cached=False
    )
    backend = open_backend(artifact, config)
    with BackendEmbedder(backend, artifact.manifest, flip=is_mirrored) as embedder:
        for _ in range(WARM_UP):
            embedder.embed(face)
        return float(np.median([_elapsed_ms(lambda: embedder.embed(face)) for _ in range(rounds)]))


def _elapsed_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000.0 * (time.perf_counter() - start)
