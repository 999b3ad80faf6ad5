"""Writes facenet_res/faces/weights/mtcnn.safetensors from the `mtcnn` wheel (1.0.0, MIT).

Run it from the repository's root, once; it needs the `dev` extra:

    python -m tests.golden.make_mtcnn_weights

The wheel keeps each network as a joblib pickle of a list of arrays, in the order in which Keras
made its variables. It is read by an unpickler that admits numpy arrays and nothing else. Layouts
are changed once, here, to those the networks run in: convolutions become `[out, in, height,
width]`, and the first dense layer of R-Net and O-Net, whose input Keras flattens as (width,
height, channels), becomes the convolution that it is.
"""

import importlib.util
from pathlib import Path
from typing import Any

import joblib.numpy_pickle
import lz4.frame
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

TARGET = Path(__file__).parents[2] / "facenet_res" / "faces" / "weights" / "mtcnn.safetensors"

# Layers in the order of the wheel's lists; a prelu has one array, the others kernel and bias.
LAYERS = {
    "pnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "box", "score"),
    "rnet": (
        "conv1",
        "prelu1",
        "conv2",
        "prelu2",
        "conv3",
        "prelu3",
        "dense",
        "prelu4",
        "box",
        "score",
    ),
    "onet": (
        "conv1",
        "prelu1",
        "conv2",
        "prelu2",
        "conv3",
        "prelu3",
        "conv4",
        "prelu4",
        "dense",
        "prelu5",
        "box",
        "landmarks",
        "score",
    ),
}
# Side in cells of the square that `dense` looks at.
DENSE_SIDE = {"rnet": 3, "onet": 3}
ALLOWED = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class ArraysOnly(joblib.numpy_pickle.NumpyUnpickler):  # type: ignore[misc]
    """Reads joblib's arrays in plain containers; any other class in the file is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name, if it is one that an array of numbers needs."""
        if (module, name) not in ALLOWED:
            raise ValueError(f"the pickle asks for {module}.{name}; only numpy arrays are read")
        return super().find_class(module, name)


def wheel_arrays(network: str) -> list[NDArray[np.float32]]:
    """The arrays of one network, as the wheel keeps them."""
    # Found and not imported: importing the package would load TensorFlow.
    spec = importlib.util.find_spec("mtcnn")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the mtcnn package is missing: pip install -e .[dev]")
    path = Path(spec.origin).parent / "assets" / "weights" / f"{network}.lz4"
    with lz4.frame.open(path) as file:
        arrays = ArraysOnly(str(path), file, ensure_native_byte_order=True).load()
    return [np.asarray(array, np.float32) for array in arrays]


def converted(network: str) -> dict[str, NDArray[np.float32]]:
    """The arrays of one network by name, in the layouts that they run in."""
    arrays = iter(wheel_arrays(network))
    tensors: dict[str, NDArray[np.float32]] = {}
    for layer in LAYERS[network]:
        name = f"{network}/{layer}"
        if layer.startswith("prelu"):
            tensors[f"{name}/alpha"] = next(arrays).reshape(-1)
            continue
        tensors[f"{name}/kernel"] = _as_convolution(next(arrays), DENSE_SIDE.get(network, 1), layer)
        tensors[f"{name}/bias"] = next(arrays)
    left = len(list(arrays))
    if left:
        raise ValueError(f"{network}: {left} arrays of the wheel have no layer")
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _as_convolution(kernel: NDArray[np.float32], side: int, layer: str) -> NDArray[np.float32]:
    """HWIO, or a dense layer's [in, out], to [out, in, height, width]."""
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if layer == "dense":
        outputs = kernel.shape[1]
        return kernel.reshape(side, side, -1, outputs).transpose(3, 2, 1, 0)
    return kernel.T[:, :, None, None]


def main() -> None:
    """Converts the three networks into one file."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for network in LAYERS:
        tensors |= converted(network)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, TARGET, metadata={"source": "mtcnn 1.0.0 (PyPI)", "licence": "MIT"})
    TARGET.chmod(0o644)


if __name__ == "__main__":
    main()
