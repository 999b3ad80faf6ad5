"""A whole deduplication of FILES files: CPU seconds by stage, memory, recall and precision.

    python -m tests.benchmarks.dedup_run FILES [copies|faces|new]

Half of the files are originals, the people of `photos.zip` that set no limit and then LFW; the
other half are changed copies, one of each original: kinds that limits were set on and kinds held
out, in turn. `faces` embeds faces too, `copies` does not; `new` adds one image in a hundred after
a run and times the second run.
"""

import itertools
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facenet_res.core.machine import machine_text
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.progress import Progress
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import DedupReport
from facenet_res.imaging.decode import decode_image
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.benchmarks.bench import commit, tell
from tests.benchmarks.bench_dedup_copies import Planted, originals
from tests.benchmarks.planted import HELD_OUT, KINDS, planted


class StageTimes:
    """CPU seconds of this process by stage, taken from the progress it is told."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = {}
        self._stage, self._began_s = "start", time.process_time()

    def __call__(self, now: Progress) -> None:
        if now.stage.value != self._stage:
            self.end(now.stage.value)

    def end(self, following: str = "") -> None:
        """Closes the stage at hand."""
        now_s = time.process_time()
        self.cpu_s[self._stage] = self.cpu_s.get(self._stage, 0.0) + now_s - self._began_s
        self._stage, self._began_s = following, now_s


def plant_one_each(data: Path, folder: Path, files: int) -> list[Planted]:
    """Writes originals and one copy of each."""
    kinds = itertools.cycle((*KINDS, *HELD_OUT))
    written = []
    folder.mkdir()
    for number, source in enumerate(originals(data, files // 2)):
        kind = next(kinds)
        copy, suffix = planted(decode_image(source), kind)
        for path, content, made in (
            (folder / f"{number:05d}.jpg", source, ""),
            (folder / f"{number:05d}~{suffix}", copy, kind),
        ):
            path.write_bytes(content)
            written.append(Planted(path, number, made))
    return written


def told(files: list[Planted], report: DedupReport, times: StageTimes) -> Iterator[str]:
    """The lines to print."""
    total = sum(times.cpu_s.values())
    for stage, cpu_s in times.cpu_s.items():
        yield f"  {stage:8} {1e3 * cpu_s / len(files):7.2f} ms a file, {cpu_s / total:6.1%}"
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    yield f"  in all {total:.0f} CPU-s, {len(files) / total:.1f} files a CPU-s, {rss_mb:.0f} MB"
    number = {file.path.name: file.original for file in files}
    group_of: dict[str, str] = {}
    right = joined = 0
    for group in report.groups.copies:
        shown = [number[member.path] for member in group.members]
        pairs = list(itertools.combinations(shown, 2))
        joined += len(pairs)
        right += sum(a == b for a, b in pairs)
        group_of |= {member.path: group.group_id for member in group.members}
    found = defaultdict(list)
    for original, copy in zip(files[::2], files[1::2], strict=True):
        name = group_of.get(copy.path.name)
        found[copy.kind].append(name is not None and name == group_of.get(original.path.name))
    for title, kinds in (("set on", KINDS), ("held out", HELD_OUT)):
        values = [value for kind in kinds for value in found[kind]]
        yield f"  kinds {title}: recall {np.mean(values):.4f} of {len(values)} copies"
        low = {kind: float(np.mean(found[kind])) for kind in kinds if found[kind]}
        worst = sorted(low.items(), key=lambda each: each[1])[:8]
        yield "    " + ", ".join(f"{kind} {value:.2f}" for kind, value in worst)
    yield f"  precision {right / max(joined, 1):.5f} of {joined} pairs"


def main() -> None:
    """Prints the table of one size."""
    data = Path(os.environ.get("FACENET_RES_DATA", "../shared/data"))
    count, mode = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "copies"
    recognizer = None if mode == "copies" else FaceRecognizer()
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "images", Path(scratch) / "out"
        files = plant_one_each(data, folder, count)
        held_back = files[:: 2 * 100] if mode == "new" else []
        for file in held_back:
            file.path.rename(Path(scratch) / file.path.name)
        times = StageTimes()
        report = _run(folder, out, recognizer, times)
        tell(f"{len(files)} files, {mode}; {machine_text()}; commit {commit()}")
        for line in told(files, report, times):
            tell(line)
        if held_back:
            before = {g.group_id: {m.path for m in g.members} for g in report.groups.copies}
            for file in held_back:
                (Path(scratch) / file.path.name).rename(file.path)
            again = StageTimes()
            grown = _run(folder, out, recognizer, again)
            after = {g.group_id: {m.path for m in g.members} for g in grown.groups.copies}
            kept = sum(paths <= after.get(name, set()) for name, paths in before.items())
            share = sum(again.cpu_s.values()) / sum(times.cpu_s.values())
            ids = f"{kept} of {len(before)} group ids kept"
            tell(f"  {len(held_back)} new: {share:.1%} of the CPU time; {ids}")


def _run(
    folder: Path, out: Path, recognizer: FaceRecognizer | None, times: StageTimes
) -> DedupReport:
    if recognizer is None:
        report = deduplicate(folder, out, DedupConfig(), on_progress=times)
    else:
        report = recognizer.deduplicate(folder, out, on_progress=times)
    times.end()
    return report


if __name__ == "__main__":
    main()
