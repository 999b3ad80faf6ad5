"""Settings of a recognizer."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.manifest import FMR_DEFAULT, CaptureRange
from facenet_res.faces.detector import Detector
from facenet_res.faces.names import DETECTOR_DEFAULT, DETECTORS, FACE_PX_RANGE
from facenet_res.faces.open import open_detector
from facenet_res.imaging.decode import ImageLimits
from facenet_res.inference.config import BackendConfig, Device, Engine, Precision

MEASURE_MAX: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizerConfig:
    """What a recognizer is made of.

    Attributes:
        model: a name that `list_models` lists, or a model folder.
        detector: "mtcnn", which is in the package, or "yunet".
        detector_model: the detector's ONNX file; required by yunet.
        face_px_min: side of the smallest face that mtcnn looks for, in pixels; None for 20 px, and
            1/64 of the longer side of images over 1,280 px.
        engine: what runs the network; see `BackendConfig`, likewise device and precision.
        device: where it runs.
        precision: of its numbers.
        threads: of the engine; 0 takes every core.
        batch_max: most faces of one engine call.
        is_cached: whether OpenVINO's compiled network is kept in the user's cache folder.
        flip: whether the mirrored face is added to each embedding, whatever the manifest says.
        limits: largest image that is accepted.
        fmr: false match rate that decides where a call names none, in (0, 1).
        worst_case: whether the threshold is that of the worst calibrated condition (grey, small,
            dark, one camera and light, one origin) rather than the pooled one: fewer false matches
            in such images, more false non-matches in all.
        eye_distance_px_min: a face with less between its eyes is not compared; None for what the
            model was calibrated for, 0 for no limit. Likewise below:
        sharpness_min: see `FaceQuality`.
        retries: whether an image without a detection is searched again, changed: contrast, padding,
            scale, turned.

    Raises:
        ConfigInvalid: a value is out of range, or two do not go together.
    """

    model: str | os.PathLike[str] = "default"
    detector: str = DETECTOR_DEFAULT
    detector_model: Path | None = None
    face_px_min: float | None = None
    engine: Engine = "auto"
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = 0
    batch_max: int = 32
    is_cached: bool = True
    flip: bool = False
    limits: ImageLimits = field(default_factory=ImageLimits)
    fmr: float = FMR_DEFAULT
    worst_case: bool = False
    eye_distance_px_min: float | None = None
    sharpness_min: float | None = None
    retries: bool = True

    def __post_init__(self) -> None:
        if self.detector not in DETECTORS:
            raise ConfigInvalid(f"detector must be one of {DETECTORS}, got {self.detector!r}")
        if self.detector == "yunet" and self.detector_model is None:
            raise ConfigInvalid("detector yunet requires detector_model, the path of its ONNX file")
        least, most = FACE_PX_RANGE
        # Written so that NaN fails too.
        if self.face_px_min is not None and not least <= self.face_px_min <= most:
            raise ConfigInvalid(
                f"face_px_min must be in [{least:g}, {most:g}], got {self.face_px_min:g}"
            )
        for name in ("eye_distance_px_min", "sharpness_min"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= MEASURE_MAX:
                raise ConfigInvalid(f"{name} must be in [0, {MEASURE_MAX:g}], got {value:g}")
        if not 0 < self.fmr < 1:
            raise ConfigInvalid(f"fmr must be in (0, 1), got {self.fmr}")
        if isinstance(self.detector_model, str):
            object.__setattr__(self, "detector_model", Path(self.detector_model))
        self.backend()

    def replaced(self, settings: Mapping[str, Any]) -> "RecognizerConfig":
        """These settings with some replaced, by name.

        Raises:
            ConfigInvalid: a name is unknown, or a value out of range.
        """
        known = [each.name for each in fields(self)]
        for name in settings:
            if name not in known:
                raise ConfigInvalid(f"no setting {name!r}; there are {', '.join(known)}")
        return replace(self, **settings)

    def backend(self) -> BackendConfig:
        """The settings of the engine among these.

        Raises:
            ConfigInvalid: one of them is out of range.
        """
        return BackendConfig(
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            batch_max=self.batch_max,
            is_cached=self.is_cached,
        )

    def capture_of(self, model: CaptureRange) -> CaptureRange:
        """The faces that are compared: a model's range, with the limits that are set here."""
        own = {name: getattr(self, name) for name in ("eye_distance_px_min", "sharpness_min")}
        return replace(model, **{name: value for name, value in own.items() if value is not None})

    def open_detector(self) -> Detector:
        """Opens the detector.

        Raises:
            FileMissing, ArtifactInvalid: its file is absent, or no detector.
        """
        return open_detector(
            self.detector, self.detector_model, self.face_px_min, retries=self.retries
        )
