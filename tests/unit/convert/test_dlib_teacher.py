"""dlib's file is read by its structure, and the ONNX file computes what the layers say."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.convert.dlib_teacher import write_dlib_teacher
from facenet_res.core.dlib.network import read_dlib_network
from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid, FileMissing
from facenet_res.core.face_template import EYE_CORNERS, TEMPLATE, chip_samples
from tests import dlib_files
from tests.dlib_files import MEAN, SIDE_PX, small_network, write_small_network

onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
runtime: Any = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra `onnx`)")
PUBLISHED = "dlib_face_recognition_resnet_model_v1.dat"


def answered(path: Path, fed: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: fed})[0])


def test_the_onnx_file_computes_what_the_layers_say(tmp_path: Path) -> None:
    source = write_small_network(tmp_path / "small.dat")
    faces = np.random.default_rng(1).integers(0, 256, (3, 3, 112, 112)).astype(np.float32)
    rows, columns = (each.astype(np.float64) for each in chip_samples(SIDE_PX))

    written = write_dlib_teacher(source, tmp_path / "small.onnx")
    got = answered(tmp_path / "small.onnx", (faces - 127.5) / 127.5)

    network = small_network()
    wanted = [network.embedding(rows @ face @ columns.T) for face in faces.astype(np.float64)]
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    onnx.checker.check_model(onnx.load(tmp_path / "small.onnx"))
    assert (written.embedding_dim, written.blocks) == (dlib_files.DIM, 2)
    assert written.bytes == (tmp_path / "small.onnx").stat().st_size


def test_the_file_s_numbers_come_out_as_they_went_in(tmp_path: Path) -> None:
    network = read_dlib_network(write_small_network(tmp_path / "small.dat"))

    np.testing.assert_array_equal(network.mean, np.float32(MEAN))
    np.testing.assert_array_equal(network.matrix, small_network().matrix)
    assert network.side_px == SIDE_PX


def test_eyes_come_to_lie_where_dlib_has_them() -> None:
    rows, columns = chip_samples(150)
    places = np.arange(112.0)

    # dlib's picture is its mean face's square with a quarter of it on each side.
    for eye, corners in ((1, EYE_CORNERS[:2]), (0, EYE_CORNERS[2:])):
        x, y = (np.mean(corners, axis=0) + 0.25) / 1.5 * 150
        for at, samples, wanted in ((x, columns, TEMPLATE[eye][0]), (y, rows, TEMPLATE[eye][1])):
            assert np.interp(at, np.arange(150), samples @ places) == pytest.approx(wanted, abs=0.2)
    # The mouth as well lies within it, and the last rows, of the chin, repeat our last one.
    assert (columns @ places)[[0, -1]] == pytest.approx([6.3, 106.2], abs=0.2)
    assert (rows @ places)[[0, -1]] == pytest.approx([20.0, 111.0], abs=0.2)
    for samples in (rows, columns):
        np.testing.assert_allclose(samples.sum(axis=1), 1, rtol=1e-6)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_small_network(tmp_path / "whole.dat").read_bytes()
    path = tmp_path / "cut.dat"

    for length in (*range(60), *range(60, len(whole), 197), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactInvalid, match=r"cut\.dat is no face network of dlib's"):
            read_dlib_network(path)


def test_a_damaged_file_is_refused_or_read_but_never_fails_otherwise(tmp_path: Path) -> None:
    whole = write_small_network(tmp_path / "whole.dat").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.dat"
    refused = 0

    for _ in range(150):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole)))] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            read_dlib_network(path)
        except ArtifactInvalid:
            refused += 1
    assert 0 < refused < 150


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04N.", b"not a network at all", b"\x01\x01\x01\x03abc"]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.dat"
    path.write_bytes(data)

    with pytest.raises(ArtifactInvalid, match="no face network"):
        read_dlib_network(path)


def without(number: int) -> list[bytes | None]:
    layers = small_network().layers()
    del layers[number]
    return layers


def instead(number: int, layer: bytes | None) -> list[bytes | None]:
    layers = small_network().layers()
    layers[number] = layer
    return layers


def huge() -> bytes:
    return dlib_files.text("affine_") + dlib_files.integers(2, 1 << 40, 1, 1, 1)


def kernel_of(side: int, inputs: int, value: float) -> bytes:
    kernel = np.full((4, inputs, side, side), value, np.float32)
    return dlib_files.convolution(kernel, np.zeros(4, np.float32), 1, 1)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (without(1), "layer 2 is relu, scale is due"),
        (without(4), "layer 5 is convolution, pool is due"),
        (without(-1), "layer 25 is missing, dense is due"),
        (without(-2), "layer 24 is dense, pool is due"),
        (without(-5), "layer 21 is sum, pool is due"),
        ([*small_network().layers(), None], "layer 26 is mark, the end is due"),
        (instead(2, dlib_files.text("sig_")), "a layer 'sig_', known are"),
        (instead(1, huge()), "the file is cut off"),
        (instead(5, kernel_of(3, 3, 1.0)), "on 4 channels"),
        (instead(5, kernel_of(3, 4, np.nan)), "no finite numbers"),
        (instead(5, kernel_of(7, 4, 1.0)), "a window of 7 px on a map of 6 px"),
        (instead(-1, dlib_files.dense(np.ones((7, 5), np.float32))), "8 channels end in"),
    ],
)  # fmt: skip
def test_another_network_is_refused_by_what_is_wrong(
    tmp_path: Path, layers: list[bytes | None], told: str
) -> None:
    path = write_small_network(tmp_path / "other.dat", layers)

    with pytest.raises(ArtifactInvalid, match=told):
        write_dlib_teacher(path, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


def test_what_follows_the_last_layer_is_refused(tmp_path: Path) -> None:
    path = write_small_network(tmp_path / "long.dat")
    path.write_bytes(path.read_bytes() + b"1")

    with pytest.raises(ArtifactInvalid, match="1 bytes follow"):
        read_dlib_network(path)


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    source, out = write_small_network(tmp_path / "small.dat"), tmp_path / "there.onnx"
    out.write_text("mine")

    with pytest.raises(ArgumentInvalid, match="exists already"):
        write_dlib_teacher(source, out)
    assert out.read_text() == "mine"
    with pytest.raises(FileMissing, match="no dlib network"):
        write_dlib_teacher(tmp_path / "gone.dat", out, overwrite=True)
    assert out.read_text() == "mine"
    assert write_dlib_teacher(source, out, overwrite=True).bytes == out.stat().st_size


@pytest.mark.slow
def test_dlib_itself_says_the_same(tmp_path: Path) -> None:
    dlib: Any = pytest.importorskip("dlib", reason="needs dlib, of which nothing else here is made")
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the package face_recognition_models, which holds dlib's file")
    source = Path(found.submodule_search_locations[0]) / "models" / PUBLISHED
    pictures = np.random.default_rng(0).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)

    write_dlib_teacher(source, tmp_path / "whole.onnx")
    # What follows our own part, which makes dlib's picture of a crop.
    onnx.utils.extract_model(
        str(tmp_path / "whole.onnx"), str(tmp_path / "cut.onnx"), ["chip"], ["embedding"]
    )
    fed = ((pictures.astype(np.float32) - 127.5) / 127.5).transpose(0, 3, 1, 2)
    got = answered(tmp_path / "cut.onnx", np.ascontiguousarray(fed))

    theirs = dlib.face_recognition_model_v1(str(source))
    wanted = [np.array(theirs.compute_face_descriptor(picture)) for picture in pictures]
    np.testing.assert_allclose(got, wanted, atol=1e-4)
