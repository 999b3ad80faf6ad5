"""Where data are looked for that are named by a relative path."""

import os
from pathlib import Path

DATA_VARIABLE = "FACENET_RES_DATA"
DATA_DEFAULT = "../shared/data"


def data_path(name: str) -> Path:
    """An absolute path as it is; a relative one in the folder that FACENET_RES_DATA names."""
    path = Path(name)
    return path if path.is_absolute() else Path(os.environ.get(DATA_VARIABLE, DATA_DEFAULT)) / path
