"""The network alone, against what others do with the same weights, in interleaved rounds.

Sketch first: IResNet-50 is 6.3 GMAC a face, 12.6 GFLOP. A core of Zen 3 multiplies and adds 16
float32 a cycle (AVX2, two units), 105 GFLOP/s at 3.3 GHz: two cores cannot pass 17 faces/s in f32.
AVX-512 doubles that, bf16 doubles it again, int8 with VNNI quadruples it. ONNX Runtime and OpenVINO
both lie near the bound in f32, so that only fewer bits make a factor: where the CPU has neither
AVX512-BF16 nor VNNI, the rows that ask for bf16 cannot be measured, and int8 gains about 2.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from facenet_res.models.catalogue import described
from facenet_res.models.config import ModelConfig
from tests.artifacts import smooth_faces
from tests.benchmarks import bench, network_engines
from tests.benchmarks.network_engines import Work

Record = Callable[[str, object], None]


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's, tf2onnx's and NNCF's
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ["iresnet50", "default"])
def test_network(name: str, tmp_path: Path, record_property: Record) -> None:
    if name == "default" and not bench.is_full():
        pytest.skip("one network is enough to see that the benchmark runs")
    artifact, model = network_engines.artifact_of(name, tmp_path)
    macs = described(name, ModelConfig.from_dict(artifact.manifest.network)).complexity.macs

    for batch in (1, 32):
        faces = smooth_faces(batch, seed=0)
        works: dict[str, Work] = {
            "onnxruntime_f32": network_engines.forward(artifact, "onnx", "f32", faces)
        }
        for precision in network_engines.precisions():
            works[precision] = network_engines.forward(artifact, "openvino", precision, faces)
        if batch == 1:
            works["keras_predict"] = network_engines.predict(model, faces)
        sides = network_engines.MATRIX_SIDES if bench.is_full() else (64,)
        if batch > 1:
            for precision in network_engines.precisions()[:-1]:
                for side in sides:
                    works[f"matrix_{precision}_{side}"] = network_engines.matrix_product(
                        side, precision
                    )
        slow = name == "iresnet50" and batch > 1
        rounds = bench.interleaved(works, bench.size(smoke=1, full=7 if slow else 30))
        _record(record_property, rounds, batch)
        if batch > 1:
            _record_share(record_property, rounds, 2.0 * macs * batch, sides)


def _record(record: Record, rounds: bench.Rounds, batch: int) -> None:
    for work in rounds.times_ms:
        if work.startswith("matrix"):
            continue
        record(f"batch{batch}_{work}_ms", round(rounds.median_ms(work), 2))
        record(f"batch{batch}_{work}_best_ms", round(min(rounds.times_ms[work]), 2))
        record(f"batch{batch}_{work}_faces_per_s", round(1e3 * batch / rounds.median_ms(work), 1))
    for precision in network_engines.precisions():
        for other in ("onnxruntime_f32", "keras_predict"):
            if other in rounds.times_ms:
                ratio = rounds.ratio(other, precision)
                record(f"batch{batch}_{precision}_faster_than_{other}", str(ratio))


def _record_share(
    record: Record, rounds: bench.Rounds, flop: float, sides: tuple[int, ...]
) -> None:
    """The network's rate as a share of the best matrix product's, round by round."""
    for precision in network_engines.precisions()[:-1]:
        best = max(sides, key=lambda side: side**3 / rounds.median_ms(f"matrix_{precision}_{side}"))
        ratio = rounds.ratio(f"matrix_{precision}_{best}", precision)
        factor = flop / (2.0 * best**3)
        share = replace(
            ratio, median=ratio.median * factor, low=ratio.low * factor, high=ratio.high * factor
        )
        matrix_ms = rounds.median_ms(f"matrix_{precision}_{best}")
        record(
            f"matrix_{precision}_best_ms_of_{best}",
            min(rounds.times_ms[f"matrix_{precision}_{best}"]),
        )
        record(f"matrix_{precision}_gflop_per_s", round(2e-6 * best**3 / matrix_ms, 1))
        record(
            f"network_{precision}_gflop_per_s", round(1e-6 * flop / rounds.median_ms(precision), 1)
        )
        record(f"network_{precision}_of_matrix_rate", str(share))
