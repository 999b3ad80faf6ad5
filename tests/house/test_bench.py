"""The measuring itself: in turn, compared round by round, and written down where asked."""

import json
from pathlib import Path

import pytest

from tests.benchmarks import bench


def test_things_compared_take_turns() -> None:
    order: list[str] = []
    works = {name: (lambda name=name: order.append(name)) for name in ("a", "b")}

    rounds = bench.interleaved(works, rounds=3)

    assert order == ["a", "b"] * 4, "one round to warm up, three that count"
    assert {name: len(times) for name, times in rounds.times_ms.items()} == {"a": 3, "b": 3}


def test_a_ratio_is_taken_within_each_round() -> None:
    # Round two was disturbed: both took ten times as long, and the ratio does not see it.
    rounds = bench.Rounds({"slow": (4.0, 40.0, 4.0), "fast": (2.0, 20.0, 2.0)})

    assert rounds.ratio("slow", "fast") == bench.Ratio(2.0, 2.0, 2.0)
    assert rounds.median_ms("slow") == 4.0


def test_the_best_time_is_the_least() -> None:
    assert 0.0 <= bench.best_ms(lambda: None, repeats=3) < 1000.0


@pytest.mark.parametrize(("value", "expected"), [("1", 50), ("0", 1), ("", 1)])
def test_full_sizes_are_taken_only_on_request(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: int
) -> None:
    monkeypatch.setenv(bench.FULL_VARIABLE, value)
    assert bench.size(smoke=1, full=50) == expected


def test_a_figure_keeps_its_machine_date_and_commit(tmp_path: Path) -> None:
    record = tmp_path / "bench.jsonl"

    bench.append(record, "bench_x.py::test_y", {"faces_per_s": 12.5})
    bench.append(record, "bench_x.py::test_y", {"faces_per_s": 13.0})

    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["figures"]["faces_per_s"] for line in lines] == [12.5, 13.0]
    assert all({"benchmark", "machine", "date", "commit"} <= set(line) for line in lines)
    assert all(line["machine"] and line["commit"] for line in lines)
