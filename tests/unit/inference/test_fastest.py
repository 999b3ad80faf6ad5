"""The fastest engine is measured once, kept, and measured again where the record is damaged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import EngineUnavailable
from facenet_res.core.manifest import Manifest, ModelFile
from facenet_res.core.types import Faces
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.fastest import fastest_engine

pytest.importorskip("onnxruntime", reason="the second engine (extra `onnx`)")

ONNX = Artifact(
    Path("m"),
    Manifest(model_id="m", embedding_dim=8, files=(ModelFile("onnx", "m.onnx", "0" * 64, 1),)),
)


class Clock:
    """Seconds that pass only where somebody lets them."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Timed:
    """A backend that takes a given time on a clock."""

    batch_max = 32
    embedding_dim = 8
    description = "timed"

    def __init__(self, took_s: float, clock: Clock) -> None:
        self._took_s, self._clock = took_s, clock
        self.is_closed = False

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """Lets its time pass."""
        self._clock.now_s += self._took_s
        return np.ones((len(faces), 8), np.float32)

    def close(self) -> None:
        """See Backend."""
        self.is_closed = True


class Openers(dict[str, Any]):
    """Openers of two engines, counted."""

    def __init__(self, **times_s: float) -> None:
        self.opened: list[Timed] = []
        self.clock = Clock()

        def opener(took_s: float) -> Any:
            def open_timed(artifact: Artifact, config: BackendConfig) -> Timed:
                self.opened.append(Timed(took_s, self.clock))
                return self.opened[-1]

            return open_timed

        super().__init__({name: opener(took_s) for name, took_s in times_s.items()})


def chosen(openers: Openers, folder: Path, artifact: Artifact = ONNX, **settings: Any) -> str:
    config = BackendConfig(**settings)
    return fastest_engine(artifact, config, openers, folder, openers.clock)


def test_the_faster_engine_is_taken_and_not_measured_again(tmp_path: Path) -> None:
    openers = Openers(openvino=0.004, onnx=0.001)
    assert chosen(openers, tmp_path) == "onnx"
    assert all(each.is_closed for each in openers.opened)
    assert chosen(openers, tmp_path) == "onnx"
    assert len(openers.opened) == 2
    # Other weights, or other threads, are another question.
    assert chosen(openers, tmp_path, threads=1) == "onnx"
    assert len(openers.opened) == 4


def test_a_small_gain_is_not_worth_another_engine(tmp_path: Path) -> None:
    assert chosen(Openers(openvino=0.003, onnx=0.00295), tmp_path) == "openvino"


def test_a_damaged_record_is_made_anew(tmp_path: Path) -> None:
    openers = Openers(openvino=0.004, onnx=0.001)
    chosen(openers, tmp_path)
    (record,) = (tmp_path / "engines").iterdir()
    record.write_bytes(b"{")
    assert chosen(openers, tmp_path) == "onnx"
    assert record.stat().st_size > 10


def test_an_engine_that_cannot_open_the_model_is_not_taken(tmp_path: Path) -> None:
    def broken(artifact: Artifact, config: BackendConfig) -> Timed:
        raise EngineUnavailable("no")

    openers = Openers(openvino=0.001)
    openers["onnx"] = broken
    assert chosen(openers, tmp_path) == "openvino"


def test_where_there_is_nothing_to_choose_nothing_is_opened(tmp_path: Path) -> None:
    openers = Openers(openvino=0.001, onnx=0.001)
    bare = Artifact(Path("m"), replace(ONNX.manifest, files=()))
    assert chosen(openers, tmp_path, bare) == "openvino"
    assert chosen(openers, tmp_path, precision="bf16") == "openvino"
    assert openers.opened == []
