"""How benchmarks measure: small by default, in full under `make bench`, and never one by one.

Two things are compared in interleaved rounds: a machine that slows down half way slows both, and
the ratio of each round stays honest. Its spread over the rounds is printed with it.
"""

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facenet_res.core.machine import machine_text

FULL_VARIABLE = "BENCH_FULL"
RECORD = "bench.jsonl"

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer one thing took than another.

    Attributes:
        median: of the ratios of the rounds.
        low: their 10th percentile.
        high: their 90th percentile.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} times ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Rounds:
    """Times of several things, measured in turn.

    Attributes:
        times_ms: by name, one time for each round.
    """

    times_ms: Mapping[str, tuple[float, ...]]

    def median_ms(self, name: str) -> float:
        """The median over the rounds, in milliseconds."""
        return float(np.median(self.times_ms[name]))

    def ratio(self, slower: str, faster: str) -> Ratio:
        """Time of the first over time of the second, round by round."""
        ratios = np.divide(self.times_ms[slower], self.times_ms[faster])
        low, median, high = np.percentile(ratios, (10, 50, 90))
        return Ratio(float(median), float(low), float(high))


def is_full() -> bool:
    """Whether this is `make bench`."""
    return os.environ.get(FULL_VARIABLE) == "1"


def size(*, smoke: int, full: int) -> int:
    """The full size under `BENCH_FULL=1`, as `make bench` sets it, else the small one."""
    return full if is_full() else smoke


def tell(text: str) -> None:
    """Prints a line of a study that is run as a command."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def best_ms(work: Work, repeats: int) -> float:
    """Wall time in milliseconds of the fastest of several runs: the one least disturbed."""
    return min(_elapsed_ms(work) for _ in range(repeats))


def interleaved(works: Mapping[str, Work], rounds: int) -> Rounds:
    """Runs each thing once a round, in turn, after one round that is not counted."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(_elapsed_ms(work))
    return Rounds({name: tuple(values) for name, values in times.items()})


def append(record: Path, benchmark: str, figures: Mapping[str, object]) -> None:
    """Adds one line of JSON: the figures, and the machine, date and commit they hold for."""
    line = {
        "benchmark": benchmark,
        "figures": dict(figures),
        "machine": machine_text(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, default=str) + "\n")


def commit() -> str:
    """The commit at hand, with "+" where files differ from it; "unknown" without Git."""
    try:
        described = subprocess.run(
            ("git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"),
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def _elapsed_ms(work: Work) -> float:
    start_s = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start_s)
