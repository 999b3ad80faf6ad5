"""A detector by its name; what it needs is imported only when it is asked for."""

from pathlib import Path
from typing import Final

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.detector import Detector

DETECTORS: Final = ("mtcnn", "yunet")


def open_detector(name: str = "mtcnn", model_path: Path | None = None) -> Detector:
    """Opens a detector with its default settings.

    Args:
        name: "mtcnn", which is in the package, or "yunet".
        model_path: YuNet's ONNX file; MTCNN takes none.

    Raises:
        ConfigInvalid: no such detector, or a model file missing or too many.
        FileMissing: there is no file at `model_path`.
        ArtifactInvalid: the file is no YuNet model.
    """
    match name, model_path:
        case "mtcnn", None:
            from facenet_res.faces.mtcnn import MtcnnDetector  # noqa: PLC0415

            return MtcnnDetector()
        case "mtcnn", _:
            raise ConfigInvalid(f"mtcnn carries its own weights; got the model file {model_path}")
        case "yunet", None:
            raise ConfigInvalid("yunet needs its ONNX file; no model file was given")
        case "yunet", Path():
            from facenet_res.faces.yunet import YunetDetector  # noqa: PLC0415

            return YunetDetector(model_path)
    raise ConfigInvalid(f"no detector {name!r}; there are {', '.join(DETECTORS)}")
