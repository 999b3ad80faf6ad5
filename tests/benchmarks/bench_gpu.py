"""IResNet-50 in bf16 on a GPU: our Keras engine against `torch.compile` of the same network.

    KERAS_BACKEND=jax BENCH_FULL=1 python -m pytest -m "bench and gpu" tests/benchmarks/bench_gpu.py

(or KERAS_BACKEND=torch). Both run in one process on one card, in interleaved rounds, with the same
weights; JAX is kept from taking the card's whole memory. Sketch first: 12.6 GFLOP a face; an H200's
matrix units are rated at 989 TFLOP/s in bf16 and sustain some 700 in a product, so 55,000 faces/s
is the bound, and 35 % of it 19,000. A face is 38 kB as uint8: 2 GB/s over PCIe, not the limit.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.arrays import cosine, unit_norm
from facenet_res.core.types import Faces
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.open import open_backend
from facenet_res.models.catalogue import described
from facenet_res.models.checkpoint import read_tensors
from facenet_res.models.config import ModelConfig
from tests.artifacts import smooth_faces, write_random_artifact
from tests.benchmarks import bench

torch = pytest.importorskip("torch", reason="needs PyTorch (extra `torch`)")

MATRIX_SIDE = 8192
BN_EPSILON = 1e-5


@pytest.mark.bench
@pytest.mark.gpu
@pytest.mark.parametrize("batch", [1, 32, 256])
def test_gpu(batch: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU that PyTorch sees")
    artifact = write_random_artifact(
        tmp_path / "model", depth=50, width=1.0, stem="full", embedding_dim=512
    )
    faces = smooth_faces(batch, seed=0)
    config = BackendConfig(engine="keras", device="gpu", precision="bf16", batch_max=batch)
    backend = open_backend(artifact, config)
    tensors = read_tensors(artifact.path_of("safetensors"))
    theirs = _torch_network(tensors, faces)
    left = torch.randn(MATRIX_SIDE, MATRIX_SIDE, device="cuda", dtype=torch.bfloat16)
    lowest = cosine(unit_norm(backend.forward(faces)), unit_norm(theirs())).min()
    assert lowest > 0.995, "not the same network"

    def product() -> None:
        torch.matmul(left, left)
        torch.cuda.synchronize()

    rounds = bench.interleaved(
        {"ours": lambda: backend.forward(faces), "torch_compile": theirs, "matrix": product},
        bench.size(smoke=2, full=30),
    )

    macs = described("iresnet50", ModelConfig.from_dict(artifact.manifest.network)).complexity.macs
    matrix_rate = 2 * MATRIX_SIDE**3 / rounds.median_ms("matrix")
    record_property("card", torch.cuda.get_device_name())
    record_property("engine", backend.description)
    record_property("faces_per_s", 1e3 * batch / rounds.median_ms("ours"))
    record_property("faster_than_torch_compile", str(rounds.ratio("torch_compile", "ours")))
    record_property("of_matrix_rate", 2 * macs * batch / rounds.median_ms("ours") / matrix_rate)


def _torch_network(tensors: dict[str, Any], faces: Faces) -> Callable[[], Any]:
    """The same network in plain PyTorch, bf16, channels last, compiled; faces from the host."""
    weights = {
        key: torch.from_numpy(np.asarray(value, np.float32)) for key, value in tensors.items()
    }
    network = _Network(weights).to("cuda", torch.bfloat16).to(memory_format=torch.channels_last)
    program = torch.compile(network.eval(), mode="max-autotune")

    def forward() -> Any:
        with torch.inference_mode():
            x = torch.from_numpy(faces).to("cuda").permute(0, 3, 1, 2).to(torch.bfloat16)
            return program((x - 127.5) / 127.5).float().cpu().numpy()

    return forward


class _Network(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """IResNet of a safetensors file's tensors, layer by layer as `models/iresnet.py` has it."""

    def __init__(self, weights: dict[str, Any]) -> None:
        super().__init__()
        for key, value in weights.items():
            self.register_buffer(key.replace("/", "__"), _in_torch_order(key, value))
        self._blocks = [
            (stage, block)
            for stage in range(1, 5)
            for block in range(
                1,
                1
                + sum(
                    k.startswith(f"stage{stage}_") and k.endswith("conv1/kernel") for k in weights
                ),
            )
        ]

    def forward(self, x: Any) -> Any:
        x = self._prelu(self._bn(self._conv(x, "stem_conv"), "stem_bn"), "stem_prelu")
        for stage, block in self._blocks:
            x = self._block(x, f"stage{stage}_block{block}", 2 if block == 1 else 1)
        x = self._bn(x, "head_bn").permute(0, 2, 3, 1).flatten(1)
        x = x @ self._of("head_dense/kernel") + self._of("head_dense/bias")
        return self._bn(x, "embedding")

    def _block(self, x: Any, name: str, stride: int) -> Any:
        shortcut = x
        if hasattr(self, f"{name}_shortcut_conv__kernel"):
            shortcut = self._bn(
                self._conv(x, f"{name}_shortcut_conv", stride), f"{name}_shortcut_bn"
            )
        y = self._bn(self._conv(self._bn(x, f"{name}_bn1"), f"{name}_conv1"), f"{name}_bn2")
        y = self._conv(self._prelu(y, f"{name}_prelu"), f"{name}_conv2", stride)
        return self._bn(y, f"{name}_bn3") + shortcut

    def _of(self, key: str) -> Any:
        return getattr(self, key.replace("/", "__"), None)

    def _conv(self, x: Any, name: str, stride: int = 1) -> Any:
        kernel = self._of(f"{name}/kernel")
        return torch.nn.functional.conv2d(x, kernel, None, stride, kernel.shape[2] // 2)

    def _bn(self, x: Any, name: str) -> Any:
        mean, variance = self._of(f"{name}/moving_mean"), self._of(f"{name}/moving_variance")
        gamma, beta = self._of(f"{name}/gamma"), self._of(f"{name}/beta")
        return torch.nn.functional.batch_norm(x, mean, variance, gamma, beta, eps=BN_EPSILON)

    def _prelu(self, x: Any, name: str) -> Any:
        return torch.nn.functional.prelu(x, self._of(f"{name}/alpha").flatten())


def _in_torch_order(key: str, value: Any) -> Any:
    return value.permute(3, 2, 0, 1).contiguous() if value.ndim == 4 else value
