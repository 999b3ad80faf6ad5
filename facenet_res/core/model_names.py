"""Models by name: which there are, and which folder a name or a path means."""

import os
from pathlib import Path

from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.errors import FileMissing

DEFAULT = "default"


def list_models() -> tuple[str, ...]:
    """Names that `model_folder` accepts."""
    return (DEFAULT,)


def model_folder(model: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a model.

    Args:
        model: a name that `list_models` lists, or the path of a folder; None for the default.

    Raises:
        FileMissing: it is neither.
    """
    if model is None or model == DEFAULT:
        return default_artifact_dir()
    folder = Path(model)
    if not folder.is_dir():
        raise FileMissing(
            f"no model {os.fspath(model)!r}: neither a folder nor one of {', '.join(list_models())}"
        )
    return folder
