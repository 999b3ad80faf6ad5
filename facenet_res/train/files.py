"""Which files a run reads besides its crops."""

from pathlib import Path

from facenet_res.core.errors import FileMissing
from facenet_res.core.files import file_sha256
from facenet_res.core.model_names import WEIGHTS_NAME, list_models, model_folder
from facenet_res.data.location import data_path
from facenet_res.train.config import TrainConfig


def network_path(name: str) -> Path:
    """Where a start or a teacher lies: the weights of a model by name, else a file of the data."""
    return model_folder(name) / WEIGHTS_NAME if name in list_models() else data_path(name)


def crop_paths(config: TrainConfig) -> list[Path]:
    """The training sets of a run, the one that people are held out of first."""
    return [data_path(name) for name in (config.crops, *config.more_crops)]


def files_sha256(config: TrainConfig) -> dict[str, str]:
    """SHA-256 of start, teachers and doubted labels, by the names that the config gives them.

    Without the start where it is absent: a run that stands has no use for it.

    Raises:
        FileMissing: another one is absent.
    """
    others = [name for name in (*config.teachers, config.doubted) if name]
    has_start = bool(config.start) and network_path(config.start).is_file()
    start = {config.start: start_sha256(config)} if has_start else {}
    return {name: _sha256(network_path(name)) for name in others} | start


def start_sha256(config: TrainConfig) -> str:
    """SHA-256 of the weights to begin from, "" for fresh ones.

    Raises:
        FileMissing: they are absent.
    """
    return _sha256(network_path(config.start)) if config.start else ""


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise FileMissing(f"there is no file {path}")
    return file_sha256(path)
