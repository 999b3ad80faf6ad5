"""The thread that commits: in groups, in order, and whatever fails, callers get an answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from facenet_res.core.errors import ShuttingDown
from facenet_res.gallery import writer
from facenet_res.gallery.writer import GroupWriter, Job


def nothing() -> None:
    """Does nothing."""


def job(answer: object = None) -> Job:
    return Job(lambda _: answer)


def test_what_waits_is_committed_together_and_in_order() -> None:
    groups: list[int] = []
    done: list[object] = []
    begun, go_on = threading.Event(), threading.Event()

    def commit(jobs: list[Job]) -> None:
        groups.append(len(jobs))
        begun.set()
        go_on.wait(30)
        for one in jobs:
            one.answer = one.change(None)  # type: ignore[arg-type]
            done.append(one.answer)

    group_writer = GroupWriter("test", commit, nothing, nothing)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(group_writer.run, job(0))
        assert begun.wait(30)
        others = []
        for number in range(1, 9):
            others.append(threads.submit(group_writer.run, job(number)))
            while group_writer._jobs.qsize() < number:
                pass
        go_on.set()
        assert [one.result(30) for one in (first, *others)] == list(range(9))
    group_writer.close()

    assert groups == [1, 8]
    assert done == list(range(9))


def test_a_bug_in_a_commit_reaches_its_callers_and_ends_nothing() -> None:
    faults = [AssertionError("broken")]

    def commit(jobs: list[Job]) -> None:
        if faults:
            raise faults.pop()
        jobs[0].answer = "done"

    group_writer = GroupWriter("test", commit, nothing, nothing)
    with pytest.raises(AssertionError, match="broken"):
        group_writer.run(job())
    assert group_writer.run(job()) == "done"
    group_writer.close()


def test_a_failure_between_changes_is_logged_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 0.001)
    failed = threading.Event()

    def idle() -> None:
        failed.set()
        raise OSError("no disk")

    group_writer = GroupWriter("test", lambda jobs: None, idle, nothing)
    group_writer.run(job())
    assert failed.wait(30)
    assert group_writer.run(job()) is None
    group_writer.close()
    assert "could not finish its work between changes" in caplog.text


def test_after_closing_no_job_is_taken() -> None:
    group_writer = GroupWriter("test", lambda jobs: None, nothing, nothing)
    group_writer.close()
    group_writer.close()
    with pytest.raises(ShuttingDown, match="was closed"):
        group_writer.run(job())
