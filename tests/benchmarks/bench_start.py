"""How long `python -m server` takes to be ready, and what memory it holds then.

Sketch first: the weights of IResNet-50 are 174 MB. Their hash takes 0.1 s, reading the compiled
network from the cache and hashing it 0.3 s, imports 0.7 s; the network itself is in memory once.
Compiling instead takes 1 to 2 s more, and the graph's constants a second time the memory.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.artifacts import write_random_artifact
from tests.benchmarks import bench
from tests.serving import ServerProcess

READY_S_MAX = 2.0
RSS_MB_MAX = 600.0


@pytest.mark.bench
@pytest.mark.e2e
def test_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    whole = {"depth": 50, "width": 1.0, "stem": "full", "embedding_dim": 512}
    model = write_random_artifact(tmp_path / "model", **(whole if bench.is_full() else {})).folder
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    cold_s, _, _, origin = _started(tmp_path, model)
    assert "compiled now" in origin
    warm = [_started(tmp_path, model) for _ in range(bench.size(smoke=1, full=5))]

    assert all("from the cache" in line for *_, line in warm)
    record_property("ready_s_without_cache", cold_s)
    record_property("ready_s_best", min(ready_s for ready_s, *_ in warm))
    record_property("ready_s_all", [ready_s for ready_s, *_ in warm])
    record_property("cpu_s_least", min(cpu_s for _, cpu_s, *_ in warm))
    rss_mb = max(rss_mb for _, _, rss_mb, _ in warm)
    record_property("rss_mb", rss_mb)
    assert rss_mb <= RSS_MB_MAX


def _started(folder: Path, model: Path) -> tuple[float, float, float, str]:
    """Seconds to ready, of all cores until then, resident MB, and the line; no TensorFlow."""
    with ServerProcess(folder, model) as server:
        process = Path("/proc") / str(server.pid)
        if not process.is_dir():
            pytest.skip("needs /proc")
        resident = re.search(r"VmRSS:\s+(\d+) kB", (process / "status").read_text())
        ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
        cpu_s = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        loaded = (process / "maps").read_text()
        ready = re.search(r"ready in ([\d.]+) s", server.ready_line)
        assert resident
        assert ready
        assert "/site-packages/tensorflow/" not in loaded, "TensorFlow was loaded"
        assert server.stop() == 0
    return float(ready[1]), cpu_s, int(resident[1]) / 1e3, server.ready_line
