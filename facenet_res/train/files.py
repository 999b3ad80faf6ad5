"""Which files a run reads besides its crops."""

from pathlib import Path

from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.errors import FileMissing
from facenet_res.core.files import file_sha256
from facenet_res.data.location import data_path
from facenet_res.train.config import TrainConfig

DEFAULT_START = "default"
DEFAULT_WEIGHTS = "model.safetensors"


def start_path(start: str) -> Path:
    """Where the weights to begin from lie; `start` as in `TrainConfig`, not empty."""
    return default_artifact_dir() / DEFAULT_WEIGHTS if start == DEFAULT_START else data_path(start)


def files_sha256(config: TrainConfig) -> dict[str, str]:
    """SHA-256 of start, teachers and doubted labels, by the names that the config gives them.

    Without the start where it is absent: a run that stands has no use for it.

    Raises:
        FileMissing: another one is absent.
    """
    others = [name for name in (*config.teachers, config.doubted) if name]
    has_start = bool(config.start) and start_path(config.start).is_file()
    start = {config.start: start_sha256(config)} if has_start else {}
    return {name: _sha256(data_path(name)) for name in others} | start


def start_sha256(config: TrainConfig) -> str:
    """SHA-256 of the weights to begin from, "" for fresh ones.

    Raises:
        FileMissing: they are absent.
    """
    return _sha256(start_path(config.start)) if config.start else ""


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise FileMissing(f"there is no file {path}")
    return file_sha256(path)
