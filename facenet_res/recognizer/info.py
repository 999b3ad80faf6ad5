"""What a recognizer says about itself."""

from dataclasses import dataclass

from facenet_res.core.embedder import Embedder
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.recognizer.config import RecognizerConfig


@dataclass(frozen=True, slots=True)
class RecognizerInfo:
    """Model, engine, detector, calibration and terms.

    Attributes:
        model_id: names the exact weights; embeddings of different ids are never compared.
        name: short name of the model, for people; its id where it has none.
        version: of the model under this name; may be empty.
        embedding_dim: D, length of an embedding.
        engine: runtime, device and precision of the network.
        detector: name of the face detector.
        thresholds: the calibrated ones, by falling FMR.
        fmr: false match rate that decides where a call names none.
        licence: terms of the weights.
    """

    model_id: str
    name: str
    version: str
    embedding_dim: int
    engine: str
    detector: str
    thresholds: tuple[Threshold, ...]
    fmr: float
    licence: str

    @property
    def title(self) -> str:
        """Name and version for people."""
        return f"{self.name} {self.version}".strip()

    def __str__(self) -> str:
        """One line for logs."""
        return f"model {self.title} ({self.model_id}), {self.engine}, detector {self.detector}"

    @classmethod
    def of(
        cls, config: RecognizerConfig, manifest: Manifest, embedder: Embedder
    ) -> "RecognizerInfo":
        """Collects it from the parts."""
        return cls(
            model_id=embedder.model_id,
            name=manifest.name or embedder.model_id,
            version=manifest.version,
            embedding_dim=embedder.embedding_dim,
            engine=getattr(embedder, "description", type(embedder).__name__),
            detector=config.detector,
            thresholds=manifest.thresholds,
            fmr=config.fmr,
            licence=manifest.licence,
        )
