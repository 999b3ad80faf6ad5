"""Callers share time, not turns."""

from collections import Counter

from facenet_res.server import fair_queue
from facenet_res.server.fair_queue import FairQueue


def served(queue: FairQueue[str], seconds: dict[str, float], rounds: int) -> Counter[str]:
    """How often each caller's turn came, each with work left all the time."""
    counts: Counter[str] = Counter()
    for caller in seconds:
        for _ in range(rounds):
            queue.push(caller, caller)
    for _ in range(rounds):
        taken = queue.take(heavy=True)
        assert taken is not None
        counts[taken[0]] += 1
        queue.ended(taken[0], seconds[taken[0]])
    return counts


def test_a_caller_whose_work_takes_ten_times_as_long_has_a_tenth_of_the_turns() -> None:
    counts = served(FairQueue(), {"large": 1.0, "small": 0.1}, 220)
    assert 180 <= counts["small"] <= 215


def test_who_was_idle_has_saved_nothing_up() -> None:
    queue: FairQueue[str] = FairQueue()
    served(queue, {"busy": 1.0}, 50)
    counts = served(queue, {"busy": 1.0, "late": 1.0}, 20)
    assert 8 <= counts["late"] <= 12


def test_connections_of_a_caller_take_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(3):
        queue.push("ada", f"first {number}", "first")
    queue.push("ada", "second", "second")
    order = [taken[1] for _ in range(4) if (taken := queue.take(heavy=True))]
    assert order.index("second") == 1


def test_heavy_work_waits_where_it_is_not_wanted() -> None:
    queue: FairQueue[str] = FairQueue()
    served(queue, {"heavy": 10 * fair_queue.HEAVY_S}, 1)
    queue.push("heavy", "work")
    assert queue.take(heavy=False) is None
    assert queue.take(heavy=True) == ("heavy", "work")


def test_callers_who_are_gone_are_forgotten() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(2 * fair_queue.CALLERS_KEPT):
        served(queue, {str(number): 0.01}, 1)
    assert len(queue._accounts) <= fair_queue.CALLERS_KEPT
