"""Faces a second of the engines on one network, by batch size, in interleaved rounds.

Sketch first: IResNet-50 is 6.3 GMAC a face, 12.6 GFLOP. A core with AVX-512 at 3 GHz cannot pass
192 GFLOP/s in f32 (64 a cycle), two cores 30 faces/s; bf16 doubles that. A result far below is
ours to explain; one above means that fewer products were computed than we think.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.types import Faces
from facenet_res.inference.backend import Backend
from facenet_res.inference.config import BackendConfig, Precision
from facenet_res.inference.open import open_backend
from tests.artifacts import smooth_faces, write_random_artifact
from tests.benchmarks import bench

PRECISIONS: tuple[Precision, ...] = ("f32", "auto")


@pytest.mark.bench
@pytest.mark.parametrize("batch", [1, 8, 32])
def test_openvino(
    batch: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    network = {"depth": 50, "width": 1.0, "stem": "full"} if bench.is_full() else {}
    artifact = write_random_artifact(tmp_path / "model", **network)
    faces = smooth_faces(batch, seed=0)
    works = {
        precision: _work(open_backend(artifact, BackendConfig(precision=precision)), faces)
        for precision in PRECISIONS
    }

    rounds = bench.interleaved(works, bench.size(smoke=1, full=15))

    for precision in PRECISIONS:
        record_property(f"{precision}_faces_per_s", 1e3 * batch / rounds.median_ms(precision))
    record_property("auto_over_f32", str(rounds.ratio("f32", "auto")))


def _work(backend: Backend, faces: Faces) -> Callable[[], object]:
    assert np.isfinite(backend.forward(faces)).all()
    return lambda: backend.forward(faces)
