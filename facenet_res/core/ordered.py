"""The one bounded, ordered worker loop: results in the order of their items, a few ahead."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import TypeVar

from facenet_res.core.errors import ArgumentInvalid

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS_MAX = 256
# Items in hand for each worker: one at work, one queued, one done but not yet its turn.
ITEMS_PER_WORKER = 3


def ordered_map(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    name: str = "worker",
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Result]:
    """Yields `work(item)` for each item, in the items' order, computed by several threads.

    At most 3 items per worker are in hand, so `items` may be endless. When the reader stops early,
    items that have not begun never begin.

    Args:
        work: called in the threads; what it raises is raised to the reader at the item's turn.
        items: read in the reader's thread.
        workers: threads, 1 to 256.
        name: of the threads.
        on_progress: called in the reader's thread with the number of results, after each.

    Raises:
        ArgumentInvalid: workers is out of range.
    """
    if not 1 <= workers <= WORKERS_MAX:
        raise ArgumentInvalid(f"workers must be in [1, {WORKERS_MAX}], got {workers}")
    # A generator runs its first line, and so the check above, only when the reader asks.
    results = _results(work, iter(items), workers, name)
    return results if on_progress is None else _counted(results, on_progress)


def _results(
    work: Callable[[Item], Result], items: Iterator[Item], workers: int, name: str
) -> Generator[Result, None, None]:
    waiting: deque[Future[Result]] = deque()
    executor = ThreadPoolExecutor(workers, thread_name_prefix=name)
    try:
        waiting.extend(
            executor.submit(work, item) for item in islice(items, workers * ITEMS_PER_WORKER)
        )
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(executor.submit(work, item) for item in islice(items, 1))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _counted(
    results: Generator[Result, None, None], on_progress: Callable[[int], None]
) -> Generator[Result, None, None]:
    with closing(results):
        for done, result in enumerate(results, start=1):
            on_progress(done)
            yield result
