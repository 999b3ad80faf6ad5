"""What the OpenVINO graphs of our networks are made of: weights by name, and their layers."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.openvino_runtime import ops

BN_EPSILON = 1e-5

Tensors = Mapping[str, NDArray[np.floating[Any]]]


class GraphWeights:
    """The tensors by name; knows which were asked for."""

    def __init__(self, tensors: Tensors) -> None:
        """`layer/variable` -> float array in Keras' layout."""
        self._tensors = tensors
        self._used: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._tensors

    def take(self, key: str, rank: int) -> NDArray[np.float32]:
        """A tensor, held to its number of axes.

        Raises:
            ArtifactInvalid: it is missing, has other axes, or holds a value that is not finite.
        """
        if key not in self._tensors:
            raise ArtifactInvalid(f"the weights lack {key}")
        tensor = self._tensors[key]
        if tensor.ndim != rank:
            raise ArtifactInvalid(f"{key} must have {rank} axes, got shape {tensor.shape}")
        self._used.add(key)
        values: NDArray[np.float32] = tensor.astype(np.float32)
        # Half precision overflows to infinity silently; found here, not in a face's embedding.
        if not np.isfinite(values).all():
            raise ArtifactInvalid(f"{key} holds a value that is not finite")
        return values

    def blocks_of(self, stage: int) -> int:
        """How many blocks a stage has.

        Raises:
            ArtifactInvalid: they are not numbered 1, 2, ...
        """
        pattern = re.compile(rf"stage{stage}_block(\d+)_conv1/kernel")
        numbers = sorted(int(m[1]) for key in self._tensors if (m := pattern.fullmatch(key)))
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            raise ArtifactInvalid(f"stage {stage} has blocks {numbers}; wanted 1, 2, ...")
        return len(numbers)

    def check_all_used(self) -> None:
        """Raises ArtifactInvalid where a tensor was not asked for."""
        unused = sorted(set(self._tensors) - self._used)
        if unused:
            raise ArtifactInvalid(f"{len(unused)} weights have no place, such as {unused[:3]}")


def conv(
    x: Any, weights: GraphWeights, name: str, *, stride: int, pad_px: int | None = None
) -> Any:
    """A convolution without bias; without `pad_px` padded by half its kernel."""
    kernel = weights.take(f"{name}/kernel", 4).transpose(3, 2, 0, 1)  # HWIO to OIHW.
    pad_px = kernel.shape[2] // 2 if pad_px is None else pad_px
    return ops.convolution(
        x,
        constant(kernel),
        strides=[stride, stride],
        pads_begin=[pad_px, pad_px],
        pads_end=[pad_px, pad_px],
        dilations=[1, 1],
    )


def batch_norm(x: Any, weights: GraphWeights, name: str, *, has_scale: bool = True) -> Any:
    """Batch normalisation by running statistics."""
    mean = weights.take(f"{name}/moving_mean", 1)
    variance = weights.take(f"{name}/moving_variance", 1)
    gamma = weights.take(f"{name}/gamma", 1) if has_scale else np.ones_like(mean)
    return ops.batch_norm_inference(
        x,
        constant(gamma),
        constant(weights.take(f"{name}/beta", 1)),
        constant(mean),
        constant(variance),
        epsilon=BN_EPSILON,
    )


def constant(values: NDArray[Any]) -> Any:
    """A constant of the graph."""
    return ops.constant(np.ascontiguousarray(values))
