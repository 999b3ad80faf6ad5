"""Checkpoints are read as data: tensors come out right, and code in them never runs."""

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.convert.torch_file import read_state
from facenet_res.core.errors import ArtifactInvalid, FileMissing

torch: Any = pytest.importorskip("torch", reason="needs PyTorch (extra `torch`)")


def tensors() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator),
        "conv.turned": torch.randn(5, 4, generator=generator).T,
        "bn.num_batches_tracked": torch.tensor(7),
    }


@pytest.fixture(params=[True, False], ids=["zip", "stream"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any], Path]:
    def save_to_file(value: Any) -> Path:
        path = tmp_path / "backbone.pth"
        torch.save(value, path, _use_new_zipfile_serialization=request.param)
        return path

    return save_to_file


def test_tensors_come_out_as_pytorch_put_them_in(save: Callable[[Any], Path]) -> None:
    state = read_state(save(tensors()))
    for name, tensor in tensors().items():
        np.testing.assert_array_equal(state[name].reshape(tensor.shape), tensor.float().numpy())


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_other_precisions_become_float32(save: Callable[[Any], Path], kind: str) -> None:
    tensor = tensors()["conv.turned"].to(getattr(torch, kind))
    state = read_state(save({"w": tensor}))
    assert state["w"].dtype == np.float32
    np.testing.assert_array_equal(state["w"], tensor.float().numpy())


def test_names_lose_the_prefix_of_dataparallel_and_the_wrapper_of_a_script(
    save: Callable[[Any], Path],
) -> None:
    inner = {f"module.{name}": tensor for name, tensor in tensors().items()}
    state = read_state(save({"epoch": 20, "state_dict": inner, "best": 0.5}))
    assert set(state) == set(tensors())


def test_a_modules_own_state_with_its_metadata_is_read(save: Callable[[Any], Path]) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = read_state(save(module.state_dict()))
    np.testing.assert_array_equal(state["0.weight"], module[0].weight.detach().numpy())


def test_parameters_are_tensors_too(save: Callable[[Any], Path]) -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    np.testing.assert_array_equal(read_state(save({"w": parameter}))["w"], np.ones((2, 3)))


def test_a_pickled_module_is_refused_and_told_how_to_save(save: Callable[[Any], Path]) -> None:
    with pytest.raises(ArtifactInvalid, match=r"names torch\.nn\..*save the weights alone"):
        read_state(save(torch.nn.Sequential(torch.nn.Linear(2, 2))))


class Harm:
    """Unpickled, it would make a folder."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self._path,)


@pytest.mark.parametrize("protocol", [2, 4])
def test_code_in_a_checkpoint_is_named_and_not_run(tmp_path: Path, protocol: int) -> None:
    harm = tmp_path / "harm"
    path = tmp_path / "evil.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("evil/data.pkl", pickle.dumps({"w": Harm(harm)}, protocol))

    with pytest.raises(ArtifactInvalid, match=r"names \w+\.mkdir, which may run code"):
        read_state(path)

    assert not harm.exists()


def test_plain_values_that_are_no_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("odd/data.pkl", pickle.dumps({"w": {1, 2}, "v": b"1"}, 4))
    with pytest.raises(ArtifactInvalid, match="no weights by name"):
        read_state(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_cut_off_checkpoint_is_refused(save: Callable[[Any], Path], share: float) -> None:
    path = save(tensors())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactInvalid, match=r"backbone\.pth"):
        read_state(path)


@pytest.mark.parametrize("data", [b"", b"no checkpoint", b"\x80\x02K\x01."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(ArtifactInvalid):
        read_state(tmp_path / "a.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.pth"):
        read_state(tmp_path / "none.pth")


def test_a_file_without_weights_by_name_is_refused(save: Callable[[Any], Path]) -> None:
    with pytest.raises(ArtifactInvalid, match="state_dict"):
        read_state(save([torch.ones(2)]))


def test_a_packed_zip_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    torch.save(tensors(), tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as source,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in source.infolist():
            packed.writestr(entry.filename, source.read(entry))
    with pytest.raises(ArtifactInvalid, match="not compressed"):
        read_state(tmp_path / "b.pth")


@pytest.mark.parametrize(
    ("size", "stride", "offset"), [(1 << 40, 0, 0), (3, 1, 0), (2, 1, 1), (2, -1, 1), (2, 5, 0)]
)
def test_a_tensor_beyond_its_storage_is_refused(
    tmp_path: Path, size: int, stride: int, offset: int
) -> None:
    path = tmp_path / "a.pth"
    stored = torch.ones(2)
    torch.save({"w": stored}, path)
    altered = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(altered, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                data = with_geometry(data, size, stride, offset)
            target.writestr(entry.filename, data)
    path.write_bytes(altered.getvalue())
    with pytest.raises(ArtifactInvalid, match=r"beyond|negative"):
        read_state(path)


def with_geometry(data: bytes, size: int, stride: int, offset: int) -> bytes:
    """The pickle of a tensor of two values with another offset, shape and strides."""
    number = b"\x8a\x08%s"
    old = b"QK\x00K\x02\x85q"
    assert data.count(old) == 1
    place = data.index(old)
    tail = data[place + len(old) + 1 :]
    assert tail.startswith(b"K\x01\x85")
    parts = [number % value.to_bytes(8, "little", signed=True) for value in (offset, size, stride)]
    return data[:place] + b"Q" + parts[0] + parts[1] + b"\x85" + parts[2] + b"\x85" + tail[3:]
