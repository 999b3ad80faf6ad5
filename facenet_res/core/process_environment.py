"""Keeps other libraries off the network and inside our cache folder.

Telemetry is turned off wherever an engine is imported, in a host program too. Folders and log
levels are set by our own programs alone: a host program's environment belongs to it.
"""

import os
import sys
import warnings
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final

CACHE_ENV: Final = "XDG_CACHE_HOME"
DATA_ENV: Final = "XDG_DATA_HOME"
LOG_LEVELS: Final = {"OPENCV_LOG_LEVEL": "ERROR", "TF_CPP_MIN_LOG_LEVEL": "3"}
# Subfolders of the cache folder, by the variable that a library reads.
FOLDERS: Final = {
    "MPLCONFIGDIR": "matplotlib",
    "TORCHINDUCTOR_CACHE_DIR": "torchinductor",
    "TRITON_CACHE_DIR": "triton",
    "CUDA_CACHE_PATH": "cuda",
}


def turn_telemetry_off() -> None:
    """Stops OpenVINO, NNCF and ONNX Runtime from reporting; called before each is imported.

    OpenVINO and NNCF report through the package `openvino_telemetry`: each import looks up
    www.google-analytics.com and keeps a client id in ~/intel. No variable turns it off in both, and
    without the package both use stubs of their own. `None` in `sys.modules` makes an import fail
    as if the package were absent, in this process only.

    Source: onnxruntime 1.32 Privacy.md for the variable; it uploads to events.data.microsoft.com
    and keeps a device id in ~/.cache/Microsoft.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def prepare_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Sets log levels, filters and cache folders of libraries; values that are set already stay."""
    turn_telemetry_off()
    # Pillow warns of each damaged EXIF block, which is no reason to refuse an image.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    cache = cache_folder(environment)
    defaults = LOG_LEVELS | {name: str(cache / folder) for name, folder in FOLDERS.items()}
    # Keras writes a file of settings where there is none, and reads the user's where there is.
    if not (_home() / ".keras" / "keras.json").exists():
        defaults["KERAS_HOME"] = str(cache / "keras")
    for name, value in defaults.items():
        environment.setdefault(name, value)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`facenet-res` in XDG_CACHE_HOME, or in ~/.cache where that is not an absolute path."""
    named = Path(environment.get(CACHE_ENV, ""))
    if named.is_absolute():
        return named / "facenet-res"
    return _home() / ".cache" / "facenet-res"


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`facenet-res` in XDG_DATA_HOME, or in ~/.local/share where that is not an absolute path."""
    named = Path(environment.get(DATA_ENV, ""))
    if named.is_absolute():
        return named / "facenet-res"
    return _home() / ".local" / "share" / "facenet-res"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        # A user without a home, as in a container: nothing is found there, and nothing kept.
        return Path(os.devnull)
