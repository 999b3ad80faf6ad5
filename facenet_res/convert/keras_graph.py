"""A Keras file (`.h5`, `.keras`) as a graph of ours, read as data: Keras is not asked to load it.

Layers are joined as the config in the file says, and weights are found by
their layer's name (`.h5`) or by its class and order (`.keras`).

Source: keras/src/legacy/saving/legacy_h5_format.py, keras/src/saving/saving_lib.py.
"""

import importlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.convert.graph import NO_PADS, Array, Graph, Node
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.extras import require

UNPACKED_BYTES_MAX = 4 << 30
TRANSPARENT = {"Dropout", "InputLayer"}

Layer = dict[str, Any]
Weights = dict[str, Array]


def graph_of_keras(path: Path) -> Graph:
    """Reads an embedding network that was saved whole (`model.save`).

    Raises:
        FileMissing: there is no file.
        ArtifactInvalid: it is truncated, holds no whole network, or several inputs or outputs.
        EngineUnavailable: the package h5py is not installed.
    """
    if not path.is_file():
        raise FileMissing(f"no Keras file at {path}")
    try:
        config, weights_of = _read_zip(path) if zipfile.is_zipfile(path) else _read_h5(path)
        layers: list[Layer] = config["config"]["layers"]
        (source,) = _histories(config["config"]["input_layers"])
        (target,) = _histories(config["config"]["output_layers"])
        return _graph(layers, weights_of, source, target)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ArtifactInvalid(
            f"{path} is truncated, or no whole Keras network of one input and one output: {error}"
        ) from error


def _h5py() -> Any:
    require("reading .h5 and .keras", ("h5py",), "train")
    return importlib.import_module("h5py")


def _read_h5(path: Path) -> tuple[Any, Callable[[Layer], Weights]]:
    h5py = _h5py()
    if not h5py.is_hdf5(path):
        raise ArtifactInvalid("neither HDF5 (.h5) nor a zip (.keras)")
    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise ArtifactInvalid("holds weights alone; save the whole network with model.save")
        config = json.loads(file.attrs["model_config"])
        group = file["model_weights"]
        found = {
            name: {
                _last_word(key): np.asarray(layer[key], np.float32)
                for key in layer.attrs.get("weight_names", [])
            }
            for name, layer in group.items()
        }
    return config, lambda layer: found.get(layer["config"]["name"], {})


def _read_zip(path: Path) -> tuple[Any, Callable[[Layer], Weights]]:
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("model.weights.h5").file_size > UNPACKED_BYTES_MAX:
            raise ArtifactInvalid(f"the weights are larger than {UNPACKED_BYTES_MAX} bytes")
        config = json.loads(archive.read("config.json"))
        stored = archive.read("model.weights.h5")
    with _h5py().File(io.BytesIO(stored), "r") as file:
        arrays = {
            name: [np.asarray(group["vars"][key]) for key in sorted(group["vars"], key=int)]
            for name, group in file["layers"].items()
            if "vars" in group
        }
    # Groups are numbered by class, in the order of the layers.
    used: dict[str, int] = {}
    by_name = {}
    for layer in config["config"]["layers"]:
        snake = _snake_case(layer["class_name"])
        number = used.get(snake, 0)
        used[snake] = number + 1
        values = arrays.get(f"{snake}_{number}" if number else snake, [])
        names = _variables_of(layer)
        if len(values) != len(names):
            raise ArtifactInvalid(
                f"layer {layer['config']['name']} has {len(values)} weights, wanted {len(names)}"
            )
        by_name[layer["config"]["name"]] = dict(zip(names, values, strict=True))
    return config, lambda layer: by_name[layer["config"]["name"]]


def _variables_of(layer: Layer) -> list[str]:
    """Names of a layer's weights in Keras' order."""
    kind, config = layer["class_name"], layer["config"]
    bias = ["bias"] if config.get("use_bias", False) else []
    if kind in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return ["kernel", *bias]
    if kind == "PReLU":
        return ["alpha"]
    if kind == "BatchNormalization":
        gamma = ["gamma"] if config.get("scale", True) else []
        beta = ["beta"] if config.get("center", True) else []
        return [*gamma, *beta, "moving_mean", "moving_variance"]
    return []


def _graph(
    layers: list[Layer], weights_of: Callable[[Layer], Weights], source: str, target: str
) -> Graph:
    nodes, aliases = [], {}
    for layer in layers:
        name, kind = layer["config"]["name"], layer["class_name"]
        inputs = tuple(_histories(layer.get("inbound_nodes", [])))
        is_idle = kind == "Activation" and layer["config"].get("activation") == "linear"
        if kind in TRANSPARENT or is_idle:
            if inputs:
                aliases[name] = inputs[0]
            continue
        known = _READERS.get(kind, _other)(layer["config"], weights_of(layer))
        nodes.append(
            Node(
                kind=known.pop("kind", "other"),
                label=f"{kind} {name}",
                inputs=inputs,
                output=name,
                **known,
            )
        )
    return Graph(nodes, source=source, target=target, aliases=aliases, is_channels_last=True)


def _histories(value: Any) -> Iterator[str]:
    """Names of the layers that feed one, in the writing of Keras 2 or of Keras 3."""
    if isinstance(value, dict):
        history = value.get("config", {}).get("keras_history") if "class_name" in value else None
        if history:
            yield str(history[0])
            return
        for item in value.values():
            yield from _histories(item)
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
            yield value[0]
            return
        for item in value:
            yield from _histories(item)


def _other(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    return {}


def _pad(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    (top, bottom), (left, right) = config["padding"]
    return {"kind": "pad", "pads": (top, left, bottom, right)}


def _conv(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    kernel = weights["kernel"]
    stride = config["strides"][0]
    is_plain = (
        config.get("groups", 1) == 1
        and config.get("activation", "linear") == "linear"
        and tuple(config.get("dilation_rate", (1, 1))) == (1, 1)
        and config.get("data_format", "channels_last") == "channels_last"
        and config["strides"][1] == stride
    )
    if not is_plain:
        return {}
    pads = NO_PADS
    if config["padding"] == "same" and kernel.shape[0] > 1:
        # Of an even side, `same` at stride 2 pads below and on the right only.
        before, after = (kernel.shape[0] - stride) // 2, (kernel.shape[0] - stride + 1) // 2
        pads = (before, before, after, after)
    oihw = {"kernel": kernel.transpose(3, 2, 0, 1)} | _bias(weights)
    return {"kind": "conv", "weights": oihw, "stride": stride, "pads": pads}


def _depthwise(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    kernel = weights.get("kernel", weights.get("depthwise_kernel"))
    if kernel is None or config["padding"] != "valid" or kernel.shape[3] != 1:
        return {}
    # [H, W, C, 1] to [C, 1, H, W].
    return {
        "kind": "depthwise",
        "weights": {"kernel": kernel.transpose(2, 3, 0, 1)} | _bias(weights),
    }


def _batch_norm(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    mean = weights["moving_mean"]
    values = {
        "gamma": weights.get("gamma", np.ones_like(mean)),
        "beta": weights.get("beta", np.zeros_like(mean)),
        "mean": mean,
        "variance": weights["moving_variance"],
    }
    return {"kind": "norm", "weights": values, "epsilon": config["epsilon"]}


def _prelu(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    if sorted(config.get("shared_axes") or []) != [1, 2]:
        return {}
    return {"kind": "prelu", "weights": {"slope": weights["alpha"].reshape(-1)}}


def _dense(config: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    if config.get("activation", "linear") != "linear":
        return {}
    return {"kind": "dense", "weights": {"kernel": weights["kernel"].T} | _bias(weights)}


def _bias(weights: Weights) -> Weights:
    return {"bias": weights["bias"]} if "bias" in weights else {}


def _last_word(name: str | bytes) -> str:
    text = name.decode() if isinstance(name, bytes) else name
    return text.rsplit("/", 1)[-1].removesuffix(":0")


def _snake_case(name: str) -> str:
    """As Keras writes class names: Conv2D is conv2d, PReLU p_re_lu."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


_READERS: dict[str, Callable[[Mapping[str, Any], Weights], dict[str, Any]]] = {
    "ZeroPadding2D": _pad,
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "BatchNormalization": _batch_norm,
    "PReLU": _prelu,
    "Add": lambda config, weights: {"kind": "add"},
    "Flatten": lambda config, weights: {"kind": "flatten"},
    "Dense": _dense,
}
