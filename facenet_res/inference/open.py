"""From an artifact to what runs it; each engine is imported only when it is the one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from facenet_res.core.artifact import Artifact, default_artifact_dir, read_artifact
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.inference.backend import Backend
from facenet_res.inference.choice import with_engine
from facenet_res.inference.config import BackendConfig, Device, Engine, Precision
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.fastest import fastest_engine


def open_embedder(
    artifact_dir: Path | None = None,
    engine: Engine = "auto",
    *,
    device: Device = "auto",
    precision: Precision = "auto",
    batch_max: int = 32,
    flip: bool = False,
) -> BackendEmbedder:
    """Opens a model folder, ready to embed.

    Args:
        artifact_dir: folder with a manifest; None stands for the weights in the package.
        engine: see BackendConfig.
        device: see BackendConfig.
        precision: see BackendConfig.
        batch_max: most faces of one engine call.
        flip: whether the embedding is that of the face plus its mirror image.

    Raises:
        FileMissing: the folder or a file of it does not exist.
        ArtifactInvalid: the folder is damaged or incomplete.
        ConfigInvalid: a setting is out of range or does not fit the engine.
        EngineUnavailable: the engine is not installed, or lacks what was asked for.
    """
    config = BackendConfig(engine=engine, device=device, precision=precision, batch_max=batch_max)
    artifact = read_artifact(artifact_dir or default_artifact_dir())
    return BackendEmbedder(open_backend(artifact, config), artifact.manifest, flip=flip)


def open_backend(artifact: Artifact, config: BackendConfig | None = None) -> Backend:
    """Loads an artifact's network into an engine.

    Raises:
        ArtifactInvalid: the network is damaged, or takes other faces than 112x112 px.
        ConfigInvalid: the device or the precision is not one of the engine's.
        EngineUnavailable: the engine is not installed, or lacks what was asked for.
    """
    settings = config or BackendConfig()
    side_px = artifact.manifest.input_side_px
    if side_px != FACE_SIDE_PX:
        raise ArtifactInvalid(
            f"{artifact.folder}: the network takes {side_px} px faces, we align to {FACE_SIDE_PX}"
        )
    if settings.engine == "auto":
        fastest = fastest_engine(artifact, settings, _OPENERS)
        settings = replace(settings, engine=cast(Engine, fastest))
    settled = with_engine(settings)
    return _OPENERS[settled.engine](artifact, settled)


def _open_openvino(artifact: Artifact, config: BackendConfig) -> Backend:
    from facenet_res.inference.backends.openvino import OpenvinoBackend  # noqa: PLC0415

    return OpenvinoBackend(artifact, config)


def _open_keras(artifact: Artifact, config: BackendConfig) -> Backend:
    from facenet_res.inference.backends.keras import KerasBackend  # noqa: PLC0415

    return KerasBackend(artifact, config)


def _open_onnx(artifact: Artifact, config: BackendConfig) -> Backend:
    from facenet_res.inference.backends.onnx import OnnxBackend  # noqa: PLC0415

    return OnnxBackend(artifact, config)


_OPENERS: dict[str, Callable[[Artifact, BackendConfig], Backend]] = {
    "openvino": _open_openvino,
    "keras": _open_keras,
    "onnx": _open_onnx,
}
