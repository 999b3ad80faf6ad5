"""The pickle of a PyTorch checkpoint: where each tensor lies, without PyTorch.

Source:
    torch/_utils.py, `_rebuild_tensor_v2`; torch/serialization.py, `persistent_id`.
"""

from typing import IO, Any, NamedTuple

import numpy as np

from facenet_res.core.errors import ArtifactInvalid, DataInvalid
from facenet_res.data.plain_pickle import Name, Names, read_plain

DTYPES: dict[str, np.dtype[Any]] = {
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.BFloat16Storage": np.dtype("<u2"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.ShortStorage": np.dtype("<i2"),
    "torch.CharStorage": np.dtype("i1"),
    "torch.ByteStorage": np.dtype("u1"),
    "torch.BoolStorage": np.dtype("u1"),
}


class StorageRef(NamedTuple):
    """A run of numbers in the file. A tuple, so that the pickle cannot change it.

    Attributes:
        key: names it in the file.
        dtype: of its numbers.
        length: how many they are.
        is_bfloat16: whether its uint16 are the upper halves of float32.
    """

    key: str
    dtype: np.dtype[Any]
    length: int
    is_bfloat16: bool


class TensorRef(NamedTuple):
    """Where in a storage a tensor lies; offset and strides count numbers, not bytes."""

    storage: StorageRef
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pickle(stream: IO[bytes], storages: dict[str, StorageRef] | None = None) -> Any:
    """Reads one pickle and leaves the stream behind it.

    Args:
        stream: seekable; see `read_plain`.
        storages: filled with every storage that is mentioned, by its key.

    Returns:
        Numbers, texts, tuples, lists, dictionaries and TensorRefs.

    Raises:
        ArtifactInvalid: it is corrupt, truncated, or names what tensors do not need.
    """

    def referred(reference: Any) -> StorageRef:
        kind, storage_type, key, _location, length, *_view = reference
        if kind != "storage" or not isinstance(storage_type, Name) or length < 0:
            raise ValueError(f"it refers to {kind!r:.40} of length {length!r:.40}")
        dtype = DTYPES[storage_type.text]
        is_bfloat16 = storage_type.text == "torch.BFloat16Storage"
        ref = StorageRef(str(key), dtype, int(length), is_bfloat16)
        if storages is not None:
            storages[ref.key] = ref
        return ref

    try:
        return read_plain(stream, _NAMES, referred, encoding="latin1")
    except DataInvalid as error:
        raise ArtifactInvalid(
            f"{error}; save the weights alone: torch.save(model.state_dict(), FILE)"
        ) from error


class _State(dict[Any, Any]):
    """Stands for an OrderedDict."""

    def __setstate__(self, state: Any) -> None:
        """Drops attributes such as `_metadata`."""


def _state() -> _State:
    return _State()


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> TensorRef:
    is_whole = all(isinstance(one, int) for one in (offset, *shape, *strides))
    if not isinstance(storage, StorageRef) or not is_whole or min((0, *shape)) < 0:
        raise ValueError("it holds a tensor without a storage, or of no whole shape")
    return TensorRef(storage, offset, tuple(shape), tuple(strides))


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


_NAMES: Names = {
    "collections.OrderedDict": _state,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    **dict.fromkeys(DTYPES),
}
