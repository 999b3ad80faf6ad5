"""Weights of published classic ResNets: parity on files of random weights of the same structure."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from facenet_res.convert.classic_resnet import import_resnet
from facenet_res.core.errors import ArtifactInvalid, FileMissing, ModelMismatch
from tests.unit.convert.torchvision_reference import Resnet, randomised, torch

SIDE_PX = 64
CLASSES = 7


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, SIDE_PX, SIDE_PX, 3)).astype(np.float32)


@pytest.fixture
def torch_file(tmp_path: Path) -> Path:
    path = tmp_path / "resnet18.pth"
    torch.save(randomised(Resnet(18, CLASSES)).state_dict(), path)
    return path


@pytest.mark.parametrize("depth", [18, 50])
def test_torchvisions_weights_compute_the_same(
    depth: int, tmp_path: Path, images: np.ndarray
) -> None:
    reference = randomised(Resnet(depth, CLASSES))
    path = tmp_path / "resnet.pth"
    torch.save(reference.state_dict(), path)
    with torch.no_grad():
        wanted = reference(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()

    imported = import_resnet(path, side_px=SIDE_PX)

    assert (imported.config.depth, imported.config.classes) == (depth, CLASSES)
    assert (imported.layout, imported.colour_order) == ("torchvision", "RGB")
    assert not imported.config.is_stride_first
    found = keras.ops.convert_to_numpy(imported.network(images))
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_weights_of_keras_applications_compute_the_same(tmp_path: Path, images: np.ndarray) -> None:
    reference = keras.applications.ResNet50(
        weights=None,
        input_shape=(SIDE_PX, SIDE_PX, 3),
        classes=CLASSES,
        classifier_activation=None,
    )
    path = write_by_layer(reference, tmp_path / "resnet50.h5")

    imported = import_resnet(path, side_px=SIDE_PX)

    assert (imported.config.depth, imported.config.classes) == (50, CLASSES)
    assert (imported.layout, imported.colour_order) == ("keras", "BGR")
    wanted = keras.ops.convert_to_numpy(reference(images))
    found = keras.ops.convert_to_numpy(imported.network(images))
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


def write_by_layer(model: Any, path: Path) -> Path:
    """Random weights in the layout of the published files: a group for each layer's name."""
    import h5py

    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for layer in model.layers:
            for variable in layer.weights:
                value = np.asarray(keras.ops.convert_to_numpy(variable.value))
                if "variance" in variable.name or variable.name == "gamma":
                    value = rng.uniform(0.5, 1.5, value.shape)
                elif value.ndim == 1:
                    value = rng.normal(0, 0.1, value.shape)
                variable.assign(value.astype(np.float32))
                name = f"{layer.name}/{layer.name}/{variable.name}:0"
                file.create_dataset(name, data=value.astype(np.float32))
    return path


def test_a_fresh_head_takes_the_place_of_the_files_own(
    torch_file: Path, images: np.ndarray
) -> None:
    own = import_resnet(torch_file, side_px=SIDE_PX).network
    fresh = import_resnet(torch_file, classes=3, side_px=SIDE_PX).network
    assert fresh(images).shape == (2, 3)
    trunks = [
        keras.ops.convert_to_numpy(each.get_layer("stage4_block2_conv2").kernel.value)
        for each in (own, fresh)
    ]
    assert np.array_equal(*trunks)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.pth"):
        import_resnet(tmp_path / "none.pth")


@pytest.mark.parametrize("name", ["resnet.pth", "resnet.h5"])
def test_a_damaged_file_is_refused(name: str, tmp_path: Path, torch_file: Path) -> None:
    data = torch_file.read_bytes() if name.endswith("pth") else b"\x89HDF\r\n\x1a\n" + bytes(99)
    path = tmp_path / name
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ArtifactInvalid, match=name):
        import_resnet(path)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda state: state.pop("layer3.0.conv1.weight"), ModelMismatch, "stage3_block1_conv1"),
        (lambda state: state.pop("fc.bias"), ArtifactInvalid, "give `classes`"),
        (lambda state: state.update(odd=torch.zeros(1)), ArtifactInvalid, "'odd' is no tensor"),
        (
            lambda state: state.update({"bn1.weight": torch.zeros(5)}),
            ModelMismatch,
            r"stem_bn/gamma has shape \(5,\)",
        ),
        (
            lambda state: [state.pop(name) for name in list(state) if name.startswith("layer4")],
            ArtifactInvalid,
            r"no classic ResNet: \(2, 2, 2, 0\) basic blocks",
        ),
    ],
)
def test_a_file_of_another_network_is_refused(
    change: Any, error: type[Exception], text: str, tmp_path: Path, torch_file: Path
) -> None:
    state = torch.load(torch_file, weights_only=True)
    change(state)
    path = tmp_path / "other.pth"
    torch.save(state, path)
    with pytest.raises(error, match=text):
        import_resnet(path)
