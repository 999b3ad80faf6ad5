"""Runs the stages in their order, all or some of them.

Images pass through a few at a time; fingerprints stay on the disk, mapped into memory. See
docs/dedup.md for what was measured.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from facenet_res.core.errors import ArgumentInvalid, FileMissing, InputError, RunLocked
from facenet_res.core.files import write_fault
from facenet_res.core.process_lock import ProcessLock
from facenet_res.dedup.cluster import cluster
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.face_table import read_model
from facenet_res.dedup.groups_file import read_groups
from facenet_res.dedup.own_files import LOCK_NAME
from facenet_res.dedup.pairs import find_pairs
from facenet_res.dedup.progress import OnProgress, Progress, no_progress
from facenet_res.dedup.read_images import read_images
from facenet_res.dedup.report import write_report
from facenet_res.dedup.scan import scan
from facenet_res.dedup.types import DedupReport, Stage

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class StageRange:
    """The stages to run, both ends included; earlier ones must have left their files."""

    first: Stage = Stage.SCAN
    last: Stage = Stage.REPORT

    def __post_init__(self) -> None:
        order = list(Stage)
        if order.index(self.first) > order.index(self.last):
            raise ArgumentInvalid(f"stage {self.first} comes after stage {self.last}")

    def __contains__(self, stage: Stage) -> bool:
        order = list(Stage)
        return order.index(self.first) <= order.index(stage) <= order.index(self.last)


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def deduplicate(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    config: DedupConfig | None = None,
    *,
    recognizer: "FaceRecognizer | None" = None,
    on_progress: OnProgress = no_progress,
    clock: Callable[[], datetime] = utc_now,
) -> DedupReport:
    """Finds copies and people in a folder of photos, and writes the report.

    The photos are only read. A run that was stopped goes on where it was when called again with
    the same output folder; what did not change is not done again.

    Args:
        folder: searched with all that is below it; links are not followed.
        out: gets the stages' files and the report; may lie inside the folder, and is then left
            out. It holds embeddings and pictures of people: personal data.
        config: the threshold of the recognizer's model belongs in here.
        recognizer: finds and embeds faces; None looks for copies only.
        on_progress: is told how far each stage is, in the caller's thread.
        clock: the time, for the report.

    Returns:
        What was found. `report.html`, `report.json`, `groups.csv`, `groups.parquet` and
        `summary.txt` say the same.

    Raises:
        FileMissing: the folder does not exist.
        ArgumentInvalid: there is no photo in it, or `out` is the folder itself or a file.
        DiskFull, NotWritable: `out` cannot be written.
        RunLocked: another process deduplicates into `out`.
    """
    started = clock()
    run = _Run(Path(folder), Path(out), config or DedupConfig(), recognizer, on_progress)
    run.stages(StageRange(Stage.SCAN, Stage.CLUSTER))
    return run.report(started, clock())


def run_stages(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    config: DedupConfig | None = None,
    *,
    stages: StageRange,
    recognizer: "FaceRecognizer | None" = None,
    on_progress: OnProgress = no_progress,
) -> None:
    """Runs some of the stages; see `deduplicate`.

    Raises:
        FileMissing: the folder, or a file of an earlier stage, does not exist.
        ArgumentInvalid: as for `deduplicate`.
        DiskFull, NotWritable: as for `deduplicate`.
    """
    started = utc_now()
    run = _Run(Path(folder), Path(out), config or DedupConfig(), recognizer, on_progress)
    run.stages(stages)
    if Stage.REPORT in stages:
        run.report(started, utc_now())


@dataclass(frozen=True, slots=True)
class _Run:
    folder: Path
    out: Path
    config: DedupConfig
    recognizer: "FaceRecognizer | None"
    on_progress: OnProgress

    def stages(self, stages: StageRange) -> None:
        """All stages of a range but the report."""
        self._check()
        with _made(self.out), _locked(self.out):
            self._work(stages)

    def _work(self, stages: StageRange) -> None:
        common = (self.folder, self.out, self.config)
        if Stage.SCAN in stages:
            scan(*common, self.on_progress)
        if Stage.READ in stages:
            read_images(*common, self.recognizer, self.on_progress)
        if Stage.PAIRS in stages:
            find_pairs(self.out, self.config, self.on_progress)
        if Stage.CLUSTER in stages:
            cluster(*common, self.on_progress)

    def report(self, started: datetime, finished: datetime) -> DedupReport:
        self.on_progress(Progress(Stage.REPORT, 0, 1))
        model_id = read_model(self.out).model_id
        groups = read_groups(self.out)
        report = DedupReport(
            folder=str(self.folder),
            model_id=model_id,
            similarity_min=groups.similarity_min,
            fmr=groups.fmr,
            groups=groups,
            finished_at=finished.isoformat(timespec="seconds"),
            seconds=round((finished - started).total_seconds(), 1),
        )
        write_report(self.folder, self.out, self.config, report)
        self.on_progress(Progress(Stage.REPORT, 1, 1))
        return report

    def _check(self) -> None:
        try:
            if not self.folder.is_dir():
                what = "is a file" if self.folder.exists() else "does not exist"
                raise FileMissing(f"folder {self.folder} {what}")
        except OSError as error:
            raise FileMissing(f"folder {self.folder}: {error.strerror}") from error
        if self.out.resolve() == self.folder.resolve():
            raise ArgumentInvalid(
                f"the output folder {self.out} is the folder of the photos: name another, it may "
                "lie inside"
            )


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Keeps a second run out of the output folder."""
    lock = ProcessLock(out / LOCK_NAME, f"the output folder {out}", RunLocked)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _made(out: Path) -> Iterator[None]:
    """Makes the output folder, and takes it away again where a refused run left it empty."""
    try:
        missing = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ArgumentInvalid(f"the output folder {out} is a file") from error
    except OSError as error:
        raise write_fault(out, error) from error
    try:
        yield
    except InputError:
        # The deepest first; the first that holds something ends it.
        with suppress(OSError):
            if missing:
                (out / LOCK_NAME).unlink(missing_ok=True)
            for folder in missing:
                folder.rmdir()
        raise
