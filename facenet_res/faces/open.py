"""A detector by its name; what it needs is imported only when it is asked for."""

from pathlib import Path
from typing import Final

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.detector import Detector

DETECTORS: Final = ("mtcnn", "yunet")


def open_detector(
    name: str = "mtcnn", model_path: Path | None = None, face_px_min: float = 0
) -> Detector:
    """Opens a detector.

    Args:
        name: "mtcnn", which is in the package, or "yunet".
        model_path: YuNet's ONNX file; MTCNN takes none.
        face_px_min: side of the smallest face that MTCNN looks for, in pixels of the photograph
            however large that is; 0 leaves it at the default, which grows with the photograph.

    Raises:
        ConfigInvalid: no such detector, a model file missing or too many, or a face size that is
            out of range or not the detector's to set.
        FileMissing: there is no file at `model_path`.
        ArtifactInvalid: the file is no YuNet model.
    """
    if face_px_min and name == "yunet":
        raise ConfigInvalid(f"yunet looks for faces of every size; got face_px_min {face_px_min}")
    match name, model_path:
        case "mtcnn", None:
            from facenet_res.faces.mtcnn import MtcnnConfig, MtcnnDetector  # noqa: PLC0415

            if not face_px_min:
                return MtcnnDetector()
            return MtcnnDetector(MtcnnConfig(face_px_min=face_px_min, face_share_min=0))
        case "mtcnn", _:
            raise ConfigInvalid(f"mtcnn carries its own weights; got the model file {model_path}")
        case "yunet", None:
            raise ConfigInvalid("yunet needs its ONNX file; no model file was given")
        case "yunet", Path():
            from facenet_res.faces.yunet import YunetDetector  # noqa: PLC0415

            return YunetDetector(model_path)
    raise ConfigInvalid(f"no detector {name!r}; there are {', '.join(DETECTORS)}")
