"""The three networks of MTCNN, built from the committed weights and run by OpenVINO.

Each is a chain of convolutions, PReLUs and poolings with two or three small convolutions at its
end; the dense layers of the original are convolutions over all cells that are left, which is the
same arithmetic. The graphs take uint8 pixels and normalise inside, in the weights of the first
convolution.

Source: Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", arXiv:1604.02878, figure 2; weights/LICENSE.md for the weights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from facenet_res.core.openvino_runtime import ops as op
from facenet_res.core.openvino_runtime import ov
from facenet_res.faces.pool import Pool

WEIGHTS_PATH: Final = Path(__file__).parent / "weights" / "mtcnn.safetensors"

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _MaxPool:
    """A max pooling of stride 2. `is_padded`: Keras's "same", else "valid"."""

    side: int
    is_padded: bool = True


# The layers between the pixels and the heads: names of weights, and the poolings between them.
_TRUNKS: Final[dict[str, tuple[str | _MaxPool, ...]]] = {
    "pnet": ("conv1", "prelu1", _MaxPool(2), "conv2", "prelu2", "conv3", "prelu3"),
    "rnet": (
        "conv1",
        "prelu1",
        _MaxPool(3),
        "conv2",
        "prelu2",
        _MaxPool(3, is_padded=False),
        "conv3",
        "prelu3",
        "dense",
        "prelu4",
    ),
    "onet": (
        "conv1",
        "prelu1",
        _MaxPool(3),
        "conv2",
        "prelu2",
        _MaxPool(3, is_padded=False),
        "conv3",
        "prelu3",
        _MaxPool(2),
        "conv4",
        "prelu4",
        "dense",
        "prelu5",
    ),
}
_HEADS: Final = {
    "pnet": ("score", "box"),
    "rnet": ("score", "box"),
    "onet": ("score", "box", "landmarks"),
}
# Side in pixels of the square that a network sees: P-Net slides over any image.
_SIDES_PX: Final = {"pnet": -1, "rnet": 24, "onet": 48}


class Network:
    """One of the three networks, compiled for the CPU. Safe to call from several threads."""

    def __init__(self, name: str, tensors: Tensors, precision: str = "f32") -> None:
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            # Of R-Net and O-Net not bf16, the default where the CPU has it: they set the boxes.
            "INFERENCE_PRECISION_HINT": precision,
        }
        compiled = ov.Core().compile_model(_graph(name, tensors), "CPU", config)
        self._requests: Pool[Any] = Pool(compiled.create_infer_request)

    def __call__(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Runs the network.

        Args:
            pixels: uint8[B, H, W, 3], RGB; R-Net takes 24x24 px, O-Net 48x48 px.

        Returns:
            float32[B, H', W'] probability of a face in each cell, float32[B, H', W', 4] offsets
            of the cell's box as shares of its size, and of O-Net float32[B, H', W', 10] the
            landmarks. R-Net and O-Net have one cell.
        """
        with self._requests.lent() as request:
            request.infer([pixels], share_inputs=True)
            # Copied: the next caller's answers are written to the same place.
            return tuple(tensor.data.copy() for tensor in request.output_tensors)


def load_networks(
    path: Path = WEIGHTS_PATH, proposal_precision: str = "f32"
) -> tuple[Network, Network, Network]:
    """P-Net, R-Net and O-Net."""
    tensors = load_file(path)
    return (
        Network("pnet", tensors, proposal_precision),
        Network("rnet", tensors),
        Network("onet", tensors),
    )


def _graph(name: str, tensors: Tensors) -> ov.Model:
    side = _SIDES_PX[name]
    batch = 1 if name == "pnet" else -1
    pixels = op.parameter([batch, side, side, 3], np.uint8, name="pixels")
    node = op.transpose(op.convert(pixels, "f32"), [0, 3, 1, 2])
    tensors = {**tensors, **_taking_pixels(name, tensors)}
    for layer in _TRUNKS[name]:
        node = (
            _pooled(node, layer)
            if isinstance(layer, _MaxPool)
            else _layer(node, name, layer, tensors)
        )
    score, *others = (_layer(node, name, head, tensors) for head in _HEADS[name])
    # Of two classes the second is "face".
    face = op.gather(op.softmax(score, axis=1), np.int64(1), np.int64(1))
    outputs = [face, *(op.transpose(other, [0, 2, 3, 1]) for other in others)]
    return ov.Model([op.result(output) for output in outputs], [pixels], name)


def _taking_pixels(name: str, tensors: Tensors) -> Tensors:
    """The first convolution for pixels of 0 to 255, where the original takes (x - 127.5) / 128.

    It has no padding, so this is the same function; it saves P-Net an eighth of its time.
    """
    kernel, bias = (
        tensors[f"{name}/conv1/{part}"].astype(np.float64) for part in ("kernel", "bias")
    )
    shift = 127.5 / 128 * kernel.sum(axis=(1, 2, 3))
    return {
        f"{name}/conv1/kernel": (kernel / 128).astype(np.float32),
        f"{name}/conv1/bias": (bias - shift).astype(np.float32),
    }


def _layer(node: Any, network: str, layer: str, tensors: Tensors) -> Any:
    name = f"{network}/{layer}"
    if layer.startswith("prelu"):
        return op.prelu(node, op.constant(tensors[f"{name}/alpha"]))
    kernel = op.constant(tensors[f"{name}/kernel"])
    convolved = op.convolution(node, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    return op.add(convolved, op.constant(tensors[f"{name}/bias"].reshape(1, -1, 1, 1)))


def _pooled(node: Any, pool: _MaxPool) -> Any:
    # Keras's "same" pads the right and the bottom first, as same_upper does.
    padding = "same_upper" if pool.is_padded else "valid"
    side = [pool.side, pool.side]
    return op.max_pool(node, [2, 2], [1, 1], [0, 0], [0, 0], side, "floor", padding).output(0)
