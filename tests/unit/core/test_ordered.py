"""The worker loop: ordered, bounded, and done when the reader is."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.ordered import ITEMS_PER_WORKER, ordered_map


def test_results_keep_the_order_of_their_items() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.002 if number % 4 == 0 else 0)
        return number * number

    assert list(ordered_map(slow_first, range(40), workers=4)) == [n * n for n in range(40)]


def test_items_are_taken_only_a_few_ahead() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    results = ordered_map(lambda number: number, endless(), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(taken) <= 3 + 2 * ITEMS_PER_WORKER


def test_an_error_is_raised_at_its_turn_and_ends_the_threads() -> None:
    results = ordered_map(lambda n: 1 // n, [1, 0, 2], workers=2, name="ends")
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not [each for each in threading.enumerate() if each.name.startswith("ends")]


def test_progress_is_reported_in_the_readers_thread() -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int) -> None:
        told.append((done, threading.get_ident()))

    list(ordered_map(str, range(3), workers=2, on_progress=tell))
    assert told == [(done, threading.get_ident()) for done in (1, 2, 3)]


@pytest.mark.parametrize("workers", [0, 257])
def test_a_number_of_workers_out_of_range_is_refused_at_once(workers: int) -> None:
    with pytest.raises(ArgumentInvalid, match=f"got {workers}"):
        ordered_map(str, [], workers=workers)
