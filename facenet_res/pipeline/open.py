"""From settings to a pipeline that is ready to embed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from facenet_res.core.artifact import default_artifact_dir, read_artifact
from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.open import open_detector
from facenet_res.imaging.decode import ImageLimits
from facenet_res.inference.config import BackendConfig, Device, Engine, Precision
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.pipeline.embed import FacePipeline

DetectorName = Literal["mtcnn", "yunet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """What a pipeline is made of.

    Attributes:
        detector: "mtcnn", which comes with the package, or "yunet".
        detector_model: the detector's ONNX file; needed by yunet.
        face_px_min: side of the smallest face mtcnn looks for; 0 for its default, see
            `faces.open`.
        artifact_dir: the model folder; None stands for the weights in the package.
        engine: what runs the network; see BackendConfig.
        device: see BackendConfig.
        precision: see BackendConfig.
        threads: of the engine; 0 lets it take every core.
        batch_max: most faces in one engine call.
        flip: whether the embedding is that of the face plus its mirror image.
        limits: the largest image that is taken.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    detector: DetectorName = "mtcnn"
    detector_model: Path | None = None
    face_px_min: float = 0
    artifact_dir: Path | None = None
    engine: Engine = "auto"
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = 0
    batch_max: int = 32
    flip: bool = False
    limits: ImageLimits = field(default_factory=ImageLimits)

    def __post_init__(self) -> None:
        if self.detector not in get_args(DetectorName):
            raise ConfigInvalid(
                f"detector must be one of {get_args(DetectorName)}, got {self.detector!r}"
            )
        if self.detector == "yunet" and self.detector_model is None:
            raise ConfigInvalid("detector yunet needs detector_model, the path of its ONNX file")
        self.backend()

    def backend(self) -> BackendConfig:
        """The settings of the engine among these.

        Raises:
            ConfigInvalid: one of them lies outside its range.
        """
        return BackendConfig(
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            batch_max=self.batch_max,
        )


def open_pipeline(config: PipelineConfig | None = None) -> FacePipeline:
    """Loads the detector and the network.

    Raises:
        FileMissing: the model folder, a file of it or the detector's file does not exist.
        ArtifactInvalid: the model folder is damaged or incomplete.
        ConfigInvalid: the precision does not fit the engine.
        EngineUnavailable: the engine is not installed, or lacks what was asked for.
    """
    settings = config or PipelineConfig()
    artifact = read_artifact(settings.artifact_dir or default_artifact_dir())
    backend = open_backend(artifact, settings.backend())
    embedder = BackendEmbedder(backend, artifact.manifest, flip=settings.flip)
    detector = open_detector(settings.detector, settings.detector_model, settings.face_px_min)
    return FacePipeline(detector, embedder, settings.limits)
