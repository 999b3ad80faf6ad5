"""ONNX, for runtimes that are not ours."""

from pathlib import Path
from typing import Any

from facenet_res.core.errors import EngineUnavailable
from facenet_res.core.extras import require
from facenet_res.core.manifest import FileFormat
from facenet_res.core.process_environment import turn_telemetry_off

PACKAGES = ("onnx", "onnxruntime", "tf2onnx")


def write_onnx(model: Any, path: Path) -> list[tuple[FileFormat, Path]]:
    """Writes a Keras network, on the TensorFlow backend, with the batch left open.

    The network takes normalised faces, float32[B, 112, 112, 3].

    Returns:
        Format and path of the file.

    Raises:
        EngineUnavailable: a package is missing, or Keras runs on another backend, whose
            exporters fix the batch.
    """
    import keras  # noqa: PLC0415 (loaded with the network only)

    require("export to ONNX", PACKAGES, "onnx")
    if keras.backend.backend() != "tensorflow":
        raise EngineUnavailable(
            "export to ONNX needs Keras on TensorFlow (KERAS_BACKEND=tensorflow), "
            f"it runs on {keras.backend.backend()}"
        )
    turn_telemetry_off()  # tf2onnx loads ONNX Runtime.
    model.export(str(path), format="onnx", verbose=False)
    return [("onnx", path)]
