"""The table at the end of `make bench`: its rows exist, and it reads what the benchmarks record."""

import json
from pathlib import Path

import pytest

from facenet_res.core.machine import machine_text
from tests.benchmarks import bench, summary

BENCHMARKS = Path(summary.__file__).parent
KEY = "bench_serve.py::test_one_client_against_the_sum_of_its_stages"
SHARE = "bench_serve.py::test_64_clients_against_the_engine_alone[default]"


def line_of(text: str, what: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {what} |"))
    return line


def test_every_row_names_a_benchmark_that_is_there() -> None:
    for row in summary.rows():
        file, _, test = row.benchmark.partition("::")
        name, _, parameter = test.rstrip("]").partition("[")
        source = (BENCHMARKS / file).read_text("utf-8")
        assert f"def {name}(" in source
        assert not parameter or parameter.isdecimal() or f'"{parameter}"' in source


def test_a_row_is_reached_or_not_by_the_last_record(tmp_path: Path) -> None:
    record = tmp_path / "bench.jsonl"
    bench.append(record, f"tests/benchmarks/{KEY}", {"whole_over_sum": 1.01})
    assert line_of(summary.summary(record), "1 gRPC client, p50").endswith("| 1.01 times | yes |")

    bench.append(record, f"tests/benchmarks/{KEY}", {"whole_over_sum": 1.2})
    figures = {"served_share_of_alone": str(bench.Ratio(0.913, 0.8, 0.95))}
    bench.append(record, f"tests/benchmarks/{SHARE}", figures)

    text = summary.summary(record)
    assert line_of(text, "1 gRPC client, p50").endswith("| ≤ 1.15 times | 1.20 times | **no** |")
    share = line_of(text, "64 gRPC clients, default model")
    assert share.endswith("| ≥ 90% | 91% (80% to 95%) | yes |")
    assert machine_text() in text
    assert bench.commit() in text


def test_what_was_not_measured_is_never_reached(tmp_path: Path) -> None:
    record = tmp_path / "bench.jsonl"
    key = summary.NETWORK.format("iresnet50")
    bench.append(record, f"tests/benchmarks/{key}", {"batch1_int8_faster_than_onnxruntime_f32": 3})

    text = summary.summary(record)

    rows = [line for line in text.splitlines() if line.startswith("| ") and "yes" in line]
    assert len(rows) == 1
    assert "bf16, random IResNet-50 | ONNX Runtime f32 | ≥ 2.2 times | - | not measurable" in text


def test_a_figure_that_is_no_ratio_is_told(tmp_path: Path) -> None:
    record = tmp_path / "bench.jsonl"
    line = {"benchmark": KEY, "figures": {"whole_over_sum": "quick"}}
    record.write_text(json.dumps({**line, "machine": "m", "date": "d", "commit": "c"}) + "\n")
    with pytest.raises(ValueError, match="'quick' is no ratio"):
        summary.summary(record)
