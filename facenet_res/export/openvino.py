"""OpenVINO's own format: starts faster than building the graph from the weights."""

from pathlib import Path

from facenet_res.core.manifest import FileFormat
from facenet_res.core.openvino_runtime import ov
from facenet_res.inference.openvino_network import graph_of_weights
from facenet_res.models.build import INPUT_SIDE_PX


def write_openvino(weights: Path) -> list[tuple[FileFormat, Path]]:
    """Writes `model.xml` and `model.bin` beside a safetensors file of the same network.

    The network takes normalised faces; its weights are kept as float16.

    Returns:
        Format and path of the two files.

    Raises:
        ArtifactInvalid: the weights are damaged or fit no network.
    """
    path = weights.with_name("model.xml")
    ov.save_model(graph_of_weights(weights, INPUT_SIDE_PX), path, compress_to_fp16=True)
    return [("openvino", path), ("openvino_weights", path.with_suffix(".bin"))]
