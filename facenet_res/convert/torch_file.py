"""Tensors of a PyTorch checkpoint, without PyTorch; no code in it runs.

A checkpoint is a pickle that names raw storages. Both containers are read: the zip of PyTorch 1.6
and later, and the stream before it.

Source: torch/serialization.py, `_save` and `_legacy_save`.
"""

import io
import math
import mmap
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from facenet_res.convert.torch_pickle import StorageRef, TensorRef, read_pickle
from facenet_res.core.errors import ArtifactInvalid, FileMissing

__all__ = ["read_state"]

FILE_BYTES_MAX = 4 << 30
PICKLE_BYTES_MAX = 64 << 20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
TENSORS_MAX = 100_000
# Where training scripts put the weights among other things.
WRAPPERS = ("state_dict", "model", "backbone", "net")
DATA_PARALLEL = "module."

Storages = Callable[[StorageRef], NDArray[Any]]


def read_state(path: Path) -> dict[str, NDArray[np.float32]]:
    """Weights by name, as float32, without the `module.` that DataParallel puts before names.

    Raises:
        FileMissing: there is no file.
        ArtifactInvalid: it is no checkpoint, truncated, too large, holds no weights, or its pickle
            names anything but tensors, numbers, texts and containers.
    """
    if not path.is_file():
        raise FileMissing(f"no checkpoint at {path}")
    size_bytes = path.stat().st_size
    if size_bytes > FILE_BYTES_MAX:
        raise ArtifactInvalid(f"{path} has {size_bytes} bytes, limit is {FILE_BYTES_MAX}")
    try:
        found, storages = _read_zip(path) if zipfile.is_zipfile(path) else _read_stream(path)
        state = _state_of(found)
        return {
            name.removeprefix(DATA_PARALLEL): _array(tensor, storages)
            for name, tensor in state.items()
        }
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, KeyError) as error:
        raise ArtifactInvalid(f"{path} is truncated or no PyTorch checkpoint: {error}") from error


def _read_zip(path: Path) -> tuple[Any, Storages]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl") or name == "data.pkl"]
        if len(pickles) != 1:
            raise ArtifactInvalid(f"a checkpoint has one data.pkl, found {pickles}")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
            raise ArtifactInvalid("the checkpoint is big-endian; only little-endian is read")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            # PyTorch never packs, and what is not packed is no larger than the file.
            raise ArtifactInvalid("a checkpoint's zip is not compressed, this one is")
        if archive.getinfo(pickles[0]).file_size > PICKLE_BYTES_MAX:
            raise ArtifactInvalid(f"data.pkl is larger than {PICKLE_BYTES_MAX} bytes")
        found = read_pickle(io.BytesIO(archive.read(pickles[0])))

    def storage(ref: StorageRef) -> NDArray[Any]:
        name = f"{root}data/{ref.key}"
        wanted_bytes = ref.length * ref.dtype.itemsize
        with zipfile.ZipFile(path) as archive:
            size_bytes = archive.getinfo(name).file_size
            if size_bytes < wanted_bytes:
                raise ArtifactInvalid(f"{name} has {size_bytes} bytes, requires {wanted_bytes}")
            data = archive.read(name)
        return np.frombuffer(data, ref.dtype, ref.length)

    return found, storage


def _read_stream(path: Path) -> tuple[Any, Storages]:
    # A memory map: a length in a corrupt pickle allocates nothing beyond the file.
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        stream = cast("IO[bytes]", mapped)
        if read_pickle(stream) != LEGACY_MAGIC:
            raise ArtifactInvalid("neither a zip nor a checkpoint of an older PyTorch")
        read_pickle(stream)  # Protocol version.
        read_pickle(stream)  # Sizes and byte order of the machine.
        used: dict[str, StorageRef] = {}
        found = read_pickle(stream, used)
        arrays: dict[str, NDArray[Any]] = {}
        for key in read_pickle(stream):
            (count,) = struct.unpack("<q", stream.read(8))
            ref = used.get(str(key))
            if ref is None or count != ref.length:
                raise ArtifactInvalid(f"storage {key} has {count} values, which no tensor uses")
            data = stream.read(count * ref.dtype.itemsize)
            arrays[str(key)] = np.frombuffer(data, ref.dtype, count)
    return found, lambda ref: arrays[ref.key]


def _state_of(found: Any) -> Mapping[str, TensorRef]:
    """The mapping of names to tensors, wherever the training script put it."""
    for _ in range(3):
        if not isinstance(found, dict):
            break
        state = {str(name): one for name, one in found.items() if isinstance(one, TensorRef)}
        if state:
            if len(state) > TENSORS_MAX:
                raise ArtifactInvalid(f"{len(state)} tensors, limit is {TENSORS_MAX}")
            return state
        found = next((found[name] for name in WRAPPERS if name in found), None)
    raise ArtifactInvalid("holds no weights by name (a state_dict)")


def _array(tensor: TensorRef, storages: Storages) -> NDArray[np.float32]:
    storage = storages(tensor.storage)
    reach = 1 + sum(
        (size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True)
    )
    is_empty = math.prod(tensor.shape) == 0
    if not is_empty and (min(tensor.strides, default=0) < 0 or tensor.offset < 0):
        raise ArtifactInvalid("a tensor has a negative stride or offset")
    # A stride of 0 could read any number of values out of one.
    if math.prod(tensor.shape) > len(storage) or tensor.offset + reach * (not is_empty) > len(
        storage
    ):
        raise ArtifactInvalid(
            f"a tensor of shape {tensor.shape} reaches beyond its {len(storage)} values"
        )
    steps = tuple(step * storage.itemsize for step in tensor.strides)
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps)
    if tensor.storage.is_bfloat16:
        # The upper half of a float32.
        return (view.astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(view, dtype=np.float32)
