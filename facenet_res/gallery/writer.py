"""One thread that commits, in groups, what many callers change: a flush of the disk for all."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from facenet_res.core.errors import ShuttingDown
from facenet_res.gallery.changes import Change
from facenet_res.gallery.types import Request

GROUP_MAX = 512
IDLE_S = 0.2
GATHERING_S = 0.003
SWEEPS_S = 60.0

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Job:
    """A change that a caller waits for.

    Attributes:
        change: run inside the transaction; its answer is what the caller gets.
        request: makes it safe to repeat.
        is_deletion: whether it gives disk space back, so that it may use the reserve.
        answer: of the change, once done.
        error: instead of an answer.
    """

    change: Change[Any]
    request: Request | None = None
    is_deletion: bool = False
    answer: Any = None
    error: BaseException | None = None
    _done: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._done.acquire()

    def finish(self) -> None:
        """Lets the caller go on. Called once."""
        self._done.release()

    def wait(self) -> Any:
        """The answer, when it is on the disk; raises what the change raised."""
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return self.answer


class GroupWriter:
    """Takes jobs in the order in which they come; all that wait are committed together."""

    def __init__(
        self,
        name: str,
        commit: Callable[[list[Job]], None],
        idle: Callable[[], None],
        sweep: Callable[[], bool],
    ) -> None:
        """Starts the thread.

        Args:
            name: of the thread.
            commit: does the jobs of a group and sets their answers and errors.
            idle: called when no job has come for a moment, once after each commit.
            sweep: called once a minute, and again after the next group while it returns that
                there is more.
        """
        self._commit, self._idle, self._sweep = commit, idle, sweep
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._is_open = True
        self._last_group = 1
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Job) -> Any:
        """Has a job done and returns its answer.

        Raises:
            ShuttingDown: the writer was closed.
        """
        with self._closing:
            if not self._is_open:
                raise ShuttingDown("the gallery was closed")
            self._jobs.put(job)
        return job.wait()

    def close(self) -> None:
        """Returns when the jobs that were taken are done; calling it twice is fine."""
        with self._closing:
            if self._is_open:
                self._is_open = False
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_idle, next_sweep_s = True, time.monotonic() + SWEEPS_S
        while True:
            wait_s = max(0.0, next_sweep_s - time.monotonic())
            try:
                job = self._jobs.get(timeout=wait_s if is_idle else min(IDLE_S, wait_s))
            except queue.Empty:
                _attempt(self._idle)
                is_idle = True
            else:
                group = self._more(job)
                if jobs := [one for one in group if one is not None]:
                    self._do(jobs)
                    is_idle = False
                if None in group:
                    return
            if time.monotonic() >= next_sweep_s and not _attempt(self._sweep):
                next_sweep_s = time.monotonic() + SWEEPS_S

    def _do(self, jobs: list[Job]) -> None:
        try:
            self._commit(jobs)
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
        for job in jobs:
            job.finish()

    def _more(self, first: Job | None) -> list[Job | None]:
        """All jobs that wait; and, as callers of the last group come again, a moment for them.

        Without that moment half of the callers would wait for each flush of the other half.
        """
        group, end_s = [first], time.monotonic() + GATHERING_S
        while group[-1] is not None and len(group) < GROUP_MAX:
            wait_s = end_s - time.monotonic() if len(group) < self._last_group else 0.0
            try:
                group.append(self._jobs.get(block=wait_s > 0, timeout=max(0.0, wait_s)))
            except queue.Empty:
                break
        self._last_group = len(group)
        return group


def _attempt(action: Callable[[], object]) -> object:
    """Does what nobody waits for; a failure is logged, and the thread goes on."""
    try:
        return action()
    except Exception:
        log.exception("the gallery's writer could not finish its work between changes")
        return None
