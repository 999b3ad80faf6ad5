"""A detector by its name; what it needs is imported only when it is asked for."""

from pathlib import Path

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.detector import Detector
from facenet_res.faces.names import DETECTOR_DEFAULT, DETECTORS
from facenet_res.faces.retries import SCORES_MIN, RetryingDetector


def open_detector(
    name: str = DETECTOR_DEFAULT,
    model_path: Path | None = None,
    face_px_min: float | None = None,
    *,
    retries: bool = True,
) -> Detector:
    """Opens a detector with its default settings, but for the smallest face.

    Args:
        name: "mtcnn", which is in the package, or "yunet".
        model_path: YuNet's ONNX file; MTCNN takes none.
        face_px_min: side of the smallest face looked for, in pixels, however large the
            image; of MTCNN only, in [12, 10000]. None for 20 px, and in images of more
            than 1,280 px 1/64 of the longer side.
        retries: whether an image in which nothing is found is searched again, changed.

    Raises:
        ConfigInvalid: no such detector, a model file missing or too many, or a smallest face
            that is out of range or that the detector cannot be told.
        FileMissing: there is no file at `model_path`.
        ArtifactInvalid: the file is no YuNet model.
    """
    plain = _opened(name, model_path, face_px_min)
    return RetryingDetector(plain, SCORES_MIN[name]) if retries else plain


def _opened(name: str, model_path: Path | None, face_px_min: float | None) -> Detector:
    if name == "yunet" and face_px_min is not None:
        raise ConfigInvalid(
            f"yunet searches a copy of 640 px for faces of any size; got face_px_min "
            f"{face_px_min:g}, which is mtcnn's"
        )
    match name, model_path:
        case "mtcnn", None:
            from facenet_res.faces.mtcnn import MtcnnDetector, mtcnn_config  # noqa: PLC0415

            return MtcnnDetector(mtcnn_config(face_px_min))
        case "mtcnn", _:
            raise ConfigInvalid(f"mtcnn carries its own weights; got the model file {model_path}")
        case "yunet", None:
            raise ConfigInvalid("yunet needs its ONNX file; no model file was given")
        case "yunet", Path():
            from facenet_res.faces.yunet import YunetDetector  # noqa: PLC0415

            return YunetDetector(model_path)
    raise ConfigInvalid(f"no detector {name!r}; there are {', '.join(DETECTORS)}")
