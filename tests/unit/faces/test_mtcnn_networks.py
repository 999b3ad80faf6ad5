"""The three graphs against plain numpy, and the weights they are made of."""

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from facenet_res.faces.mtcnn_networks import WEIGHTS_PATH, load_networks

TENSORS = load_file(WEIGHTS_PATH)
NETWORKS = dict(zip(("pnet", "rnet", "onet"), load_networks(), strict=True))


def convolved(x: NDArray, name: str) -> NDArray:
    """A valid convolution of [H, W, C], in float64."""
    kernel, bias = TENSORS[f"{name}/kernel"], TENSORS[f"{name}/bias"]
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(0, 1))
    return np.einsum("hwcyx,ocyx->hwo", windows, kernel.astype(np.float64)) + bias


def prelu(x: NDArray, name: str) -> NDArray:
    return np.where(x > 0, x, x * TENSORS[f"{name}/alpha"])


def pooled(x: NDArray, side: int, *, is_padded: bool) -> NDArray:
    """Max pooling of stride 2; padded as Keras's "same" does: the right and the bottom first."""
    if is_padded:
        spare = [max(0, (-(-length // 2) - 1) * 2 + side - length) for length in x.shape[:2]]
        pads = [(total // 2, total - total // 2) for total in spare]
        x = np.pad(x, (*pads, (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(0, 1))
    return windows[::2, ::2].max(axis=(3, 4))


def reference(network: str, pixels: NDArray[np.uint8]) -> dict[str, NDArray]:
    x = (pixels.astype(np.float64) - 127.5) / 128
    x = pooled(
        prelu(convolved(x, f"{network}/conv1"), f"{network}/prelu1"),
        2 if network == "pnet" else 3,
        is_padded=True,
    )
    x = prelu(convolved(x, f"{network}/conv2"), f"{network}/prelu2")
    if network != "pnet":
        x = pooled(x, 3, is_padded=False)
    x = prelu(convolved(x, f"{network}/conv3"), f"{network}/prelu3")
    if network == "onet":
        x = pooled(x, 2, is_padded=True)
        x = prelu(convolved(x, "onet/conv4"), "onet/prelu4")
    if network != "pnet":
        last = "prelu4" if network == "rnet" else "prelu5"
        x = prelu(convolved(x, f"{network}/dense"), f"{network}/{last}")
    logits = convolved(x, f"{network}/score")
    answers = {"score": 1 / (1 + np.exp(logits[:, :, 0] - logits[:, :, 1]))}
    answers["box"] = convolved(x, f"{network}/box")
    if network == "onet":
        answers["landmarks"] = convolved(x, "onet/landmarks")
    return answers


@pytest.mark.parametrize(
    ("network", "shape"),
    [("pnet", (12, 12)), ("pnet", (31, 44)), ("rnet", (24, 24)), ("onet", (48, 48))],
)
def test_computes_what_plain_numpy_does(network: str, shape: tuple[int, int]) -> None:
    # Given two pictures; P-Net takes one at a time.
    batch = 1 if network == "pnet" else 2
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *shape, 3), np.uint8)
    # When run.
    answers = NETWORKS[network](pixels)
    # Then each answer is that of the formulae.
    for index in range(batch):
        wanted = reference(network, pixels[index])
        assert len(answers) == len(wanted)
        for answer, value in zip(answers, wanted.values(), strict=True):
            np.testing.assert_allclose(answer[index], value, atol=2e-5)


def test_an_answer_outlives_the_next_call() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3), np.uint8)
    first = NETWORKS["rnet"](pixels)[0]
    before = first.copy()
    NETWORKS["rnet"](255 - pixels)
    np.testing.assert_array_equal(first, before)


def test_the_weights_are_those_of_the_wheel() -> None:
    # Given the wheel, where it is installed: the committed file is what the script makes of it.
    pytest.importorskip("lz4", reason="needs the mtcnn wheel (extra `dev`)")
    pytest.importorskip("joblib", reason="needs the mtcnn wheel (extra `dev`)")
    from tests.golden.make_mtcnn_weights import LAYERS, converted

    wheel = {name: array for network in LAYERS for name, array in converted(network).items()}
    assert wheel.keys() == TENSORS.keys()
    for name, array in wheel.items():
        np.testing.assert_array_equal(array, TENSORS[name])


def test_the_weights_are_finite_and_carry_their_licence() -> None:
    assert all(np.isfinite(tensor).all() for tensor in TENSORS.values())
    assert "MIT" in (WEIGHTS_PATH.parent / "LICENSE.md").read_text()
