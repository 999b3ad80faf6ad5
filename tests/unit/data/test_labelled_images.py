"""Images with a class each, of .npz files and of a folder per class."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing
from facenet_res.data.labelled_images import read_class_folders, read_npz, read_splits

CLASSES = ("normal", "ill")


def write_npz(path: Path, **arrays: Any) -> Path:
    rng = np.random.default_rng(0)
    content: dict[str, Any] = {
        "train_images": rng.integers(0, 256, (6, 8, 9), np.uint8),
        "train_labels": np.array([[0], [1], [1], [0], [1], [1]], np.uint8),
        **arrays,
    }
    np.savez_compressed(path, **{name: each for name, each in content.items() if each is not None})
    return path


def write_image(path: Path, width: int = 10, height: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


def test_a_split_of_an_npz_file_is_read(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "set.npz")
    found = read_npz(path, "train", CLASSES)
    assert found.images.shape == (6, 8, 9, 3)
    assert found.images.dtype == np.uint8
    assert np.array_equal(found.images[..., 0], found.images[..., 2])
    assert found.labels.tolist() == [0, 1, 1, 0, 1, 1]
    assert len(found) == 6


def test_colour_and_flat_labels_are_read(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    path = write_npz(
        tmp_path / "set.npz", train_images=images, train_labels=np.array([1, 0, 1], np.int64)
    )
    assert np.array_equal(read_npz(path, "train", CLASSES).images, images)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"train_images": None}, "no array 'train_images'; expected .* found train_labels"),
        ({"train_labels": None}, "no array 'train_labels'"),
        ({"train_images": np.zeros((6, 8, 8))}, r"must be uint8\[N, H, W\].* got float64"),
        ({"train_images": np.zeros((6, 8, 8, 2), np.uint8)}, "got uint8"),
        ({"train_labels": np.array([0, 1, 2, 0, 1, 1])}, r"label 2 is out of range, .*\[0, 2\)"),
        ({"train_labels": np.array([0, -1, 1, 0, 1, 1])}, "label -1 is out of range"),
        ({"train_labels": np.ones(6, np.int64)}, "at least 2 classes are needed, got 6 of one"),
        ({"train_labels": np.zeros((5, 1), np.int64)}, "as there are 6 images"),
        ({"train_labels": np.zeros(6)}, "labels must be integers"),
    ],
)
def test_a_file_that_breaks_the_format_is_refused_in_one_sentence(
    arrays: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = write_npz(tmp_path / "set.npz", **arrays)
    with pytest.raises(DataInvalid, match=text) as caught:
        read_npz(path, "train", CLASSES)
    assert "\n" not in str(caught.value)


def test_objects_in_an_npz_file_are_not_unpickled(tmp_path: Path) -> None:
    labels = np.array([{}, {}, {}, {}, {}, {}], object)
    path = write_npz(tmp_path / "set.npz", train_labels=labels)
    with pytest.raises(DataInvalid, match="not a readable"):
        read_npz(path, "train", CLASSES)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_what_is_no_npz_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    path.write_bytes(data)
    with pytest.raises(DataInvalid, match="not a readable"):
        read_npz(path, "train", CLASSES)


def test_a_damaged_npz_file_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    whole = write_npz(tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "damaged.npz"
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(DataInvalid):
            # A name or a number may change into another valid one.
            read_npz(path, "train", CLASSES)
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "array.npy").rename(path)
    with pytest.raises(DataInvalid, match="not a readable"):
        read_npz(path, "train", CLASSES)


def test_splits_of_different_size_are_refused(tmp_path: Path) -> None:
    labels = np.array([0, 1])
    arrays = {f"{split}_images": np.zeros((2, 8, 8), np.uint8) for split in ("train", "val")}
    path = write_npz(
        tmp_path / "set.npz",
        **arrays,
        test_images=np.zeros((2, 9, 8), np.uint8),
        **{f"{split}_labels": labels for split in ("train", "val", "test")},
    )
    with pytest.raises(DataInvalid, match=r"one size are required, got train 8 x 8, .* test 9 x 8"):
        read_splits(path, CLASSES)


def test_an_absent_file_and_an_absent_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.npz"):
        read_npz(tmp_path / "none.npz", "train", CLASSES)
    with pytest.raises(FileMissing, match="none: no such folder"):
        read_class_folders(tmp_path / "none")


def test_class_weights_make_classes_count_alike(tmp_path: Path) -> None:
    found = read_npz(write_npz(tmp_path / "set.npz"), "train", CLASSES)
    weights = found.class_weights()
    totals = weights * np.bincount(found.labels)
    assert totals == pytest.approx([3.0, 3.0])
    with pytest.raises(DataInvalid, match="'normal' has no image"):
        found.subset(found.labels == 1).class_weights()


def test_a_folder_per_class_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("dog/2.png", "cat/1.jpg", "dog/1.jpg", ".hidden/1.jpg", "dog/.1.jpg"):
        write_image(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    found = read_class_folders(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 1, 1]
    assert found.images.shape == (3, 10, 10, 3)


def test_images_of_mixed_size_are_refused_or_resized(tmp_path: Path) -> None:
    write_image(tmp_path / "a/1.png")
    write_image(tmp_path / "b/1.png", width=12)
    with pytest.raises(DataInvalid, match="12x10 px, the first image is 10x10: give side_px"):
        read_class_folders(tmp_path)
    assert read_class_folders(tmp_path, 6).images.shape == (2, 6, 6, 3)
    with pytest.raises(ArgumentInvalid, match="side_px must be >= 1, got 0"):
        read_class_folders(tmp_path, 0)


def test_one_class_an_empty_class_and_a_damaged_image_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a/1.png")
    with pytest.raises(DataInvalid, match="1 folders of a class, at least 2"):
        read_class_folders(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(DataInvalid, match="b has no image"):
        read_class_folders(tmp_path)
    (tmp_path / "b/1.png").write_bytes((tmp_path / "a/1.png").read_bytes()[:60])
    with pytest.raises(DataInvalid, match=r"1\.png is unreadable"):
        read_class_folders(tmp_path)
