"""A model as it is shipped: a folder with `manifest.toml` and the files that it lists.

The artifact is the only thing that passes from training to serving. Everything
needed to use the network correctly is declared in the manifest and nothing is
guessed from the network's file: identity, input, normalisation, thresholds.
Names and hashes are checked each time a folder is read.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid, FileMissing
from facenet_res.core.files import file_sha256, write_atomically, write_fault
from facenet_res.core.manifest import FileFormat, Manifest, ModelFile, Threshold
from facenet_res.core.manifest_toml import parse_manifest, render_manifest

__all__ = [
    "MANIFEST_NAME",
    "Artifact",
    "Manifest",
    "ModelFile",
    "Threshold",
    "check_place",
    "default_artifact_dir",
    "described_file",
    "read_artifact",
    "read_manifest",
    "write_artifact",
    "write_manifest",
]

MANIFEST_NAME = "manifest.toml"
TRAINING = "training"
"""Folder beside the model files with the record of their training, where there is one."""
MANIFEST_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """A folder that was read and whose files were verified."""

    folder: Path
    manifest: Manifest

    def path_of(self, file_format: FileFormat) -> Path:
        """Path of the file of a format.

        Raises:
            ArtifactInvalid: the artifact has no such file.
        """
        file = self.manifest.file_of(file_format)
        if file is None:
            formats = [file.format for file in self.manifest.files]
            raise ArtifactInvalid(
                f"{self.folder}: no file of format {file_format}; the manifest lists {formats}"
            )
        return self.folder / file.name


def default_artifact_dir() -> Path:
    """Folder of the weights that come with the package."""
    return Path(__file__).parent.parent / "weights" / "default"


def read_artifact(folder: Path) -> Artifact:
    """Reads the manifest and checks every file's size and SHA-256.

    Raises:
        FileMissing: the folder, its manifest or a listed file does not exist or cannot be read.
        ArtifactInvalid: the manifest lacks a field, has an unknown one or a value out of range,
            or a file differs from what the manifest says.
    """
    manifest = read_manifest(folder)
    for file in manifest.files:
        _verify(folder / file.name, file)
    return Artifact(folder, manifest)


def read_manifest(folder: Path) -> Manifest:
    """Reads what a model folder declares, without looking at its files.

    Raises:
        FileMissing: the folder or its manifest does not exist or cannot be read.
        ArtifactInvalid: the manifest lacks a field, has an unknown one or a value out of range.
    """
    path = folder / MANIFEST_NAME
    with _readable(path):
        if not folder.is_dir():
            raise FileMissing(f"model folder {folder} does not exist")
        if not path.is_file():
            raise FileMissing(f"model folder {folder} has no {MANIFEST_NAME}")
        size_bytes = path.stat().st_size
        if size_bytes > MANIFEST_BYTES_MAX:
            raise ArtifactInvalid(f"{path} has {size_bytes} bytes, limit is {MANIFEST_BYTES_MAX}")
        document = path.read_bytes()
    return parse_manifest(document, str(path))


def write_artifact(
    folder: Path,
    manifest: Manifest,
    sources: Sequence[tuple[FileFormat, Path]],
    *,
    overwrite: bool = False,
    beside: Mapping[str, Path | None] | None = None,
) -> Artifact:
    """Makes an artifact of model files: all of it, or nothing.

    The folder is built beside its place and renamed into it. What else an overwritten artifact's
    folder held (a model card, a log) is kept.

    Args:
        folder: where the artifact is to stand; its parent must exist.
        manifest: `files` is ignored and filled in from the sources.
        sources: format and path of each file, copied under its own name; of a folder, every file
            in it, under the folder's name.
        overwrite: whether an artifact that stands there is replaced.
        beside: folders that lie beside the model files without being listed, such as the record of
            a training, by the name that they get. One of that name is replaced, by None removed.

    Raises:
        ArgumentInvalid: something stands there and is not to be overwritten, or is no artifact.
        ArtifactInvalid: the manifest would not be readable.
        FileMissing: a source or the parent folder does not exist.
        DiskFull: it could not be written, for want of space.
        NotWritable: we may not write there.
    """
    folder = folder.absolute()
    check_place(folder, overwrite=overwrite)
    for _, source in sources:
        if not source.exists():
            raise FileMissing(f"model file {source} does not exist")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as staging:
            built = Path(staging) / "new"
            _build(built, manifest, sources, folder if folder.exists() else None)
            for name, record in (beside or {}).items():
                shutil.rmtree(built / name, ignore_errors=True)
                if record is not None:
                    shutil.copytree(record, built / name)
            if folder.exists():
                folder.rename(Path(staging) / "old")
            built.rename(folder)
    except OSError as error:
        raise write_fault(folder, error) from error
    return read_artifact(folder)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replaces the manifest of an artifact in one step; the files stay as they are.

    Raises:
        FileMissing: a listed file does not exist.
        ArtifactInvalid: the manifest would not be readable, or differs from the files.
        DiskFull, NotWritable: nothing could be written; the old manifest is untouched.
    """
    document = render_manifest(manifest)
    for file in parse_manifest(document, MANIFEST_NAME).files:
        _verify(folder / file.name, file)
    write_atomically(folder / MANIFEST_NAME, document)


def described_file(path: Path, file_format: FileFormat) -> ModelFile:
    """Name, size and SHA-256 of a model file as it is on disk."""
    return ModelFile(file_format, path.name, file_sha256(path), path.stat().st_size)


def check_place(folder: Path, *, overwrite: bool) -> None:
    """Says before long work what `write_artifact` would say after it.

    Raises:
        ArgumentInvalid: something stands there and is not to be overwritten, or is no artifact.
        FileMissing: the parent folder does not exist.
    """
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise FileMissing(f"folder {parent} does not exist")
    if not folder.exists():
        return
    if not overwrite:
        raise ArgumentInvalid(f"{folder} exists already; --overwrite (overwrite=True) replaces it")
    if not (folder / MANIFEST_NAME).is_file():
        raise ArgumentInvalid(f"{folder} is no model folder and is not replaced")


def _build(
    built: Path,
    manifest: Manifest,
    sources: Sequence[tuple[FileFormat, Path]],
    previous: Path | None,
) -> None:
    if previous is None:
        built.mkdir()
    else:
        known = {file.name.split("/")[0] for file in read_manifest(previous).files}
        shutil.copytree(previous, built, ignore=lambda _, names: known & set(names))
    files = []
    for file_format, source in sources:
        inside = sorted(path for path in source.rglob("*") if path.is_file())
        for path in inside if source.is_dir() else [source]:
            name = path.relative_to(source.parent).as_posix()
            (built / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, built / name)
            files.append(replace(described_file(built / name, file_format), name=name))
    write_manifest(built, replace(manifest, files=tuple(files)))


def _verify(path: Path, file: ModelFile) -> None:
    with _readable(path):
        if not path.is_file():
            raise FileMissing(f"model file {path} does not exist")
        size_bytes = path.stat().st_size
        if size_bytes != file.bytes:
            raise ArtifactInvalid(f"{path} has {size_bytes} bytes, the manifest says {file.bytes}")
        sha256 = file_sha256(path)
    if sha256 != file.sha256:
        raise ArtifactInvalid(f"{path} has SHA-256 {sha256}, the manifest says {file.sha256}")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Has a file that may not be read, or lies in a folder that may not, said as one of ours."""
    try:
        yield
    except OSError as error:
        raise FileMissing(f"cannot read {path}: {error.strerror or error}") from error
