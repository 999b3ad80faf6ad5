"""Readers share, writers do not, and a waiting writer goes before new readers."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait

from facenet_res.gallery.readers_writer import ReadersWriter

PATIENCE_S = 10.0


def test_readers_are_inside_together() -> None:
    lock = ReadersWriter()
    together = threading.Barrier(3)

    def read() -> None:
        with lock.reading():
            together.wait(PATIENCE_S)

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(read) for _ in range(3)]
        for one in done:
            one.result(PATIENCE_S)


def test_a_waiting_writer_goes_before_a_later_reader() -> None:
    lock = ReadersWriter()
    order: list[str] = []

    def write() -> None:
        with lock.writing():
            order.append("writer")

    def read() -> None:
        with lock.reading():
            order.append("reader")

    with ThreadPoolExecutor(2) as threads:
        with lock.reading():
            writer = threads.submit(write)
            while not lock._writers_waiting:
                wait([writer], timeout=0.001)
            reader = threads.submit(read)
            done, _ = wait([writer, reader], timeout=0.05)
            assert not done
        wait([writer, reader], PATIENCE_S)
    assert order == ["writer", "reader"]


def test_nobody_is_inside_with_a_writer() -> None:
    lock = ReadersWriter()
    pair = [0, 0]
    torn: list[tuple[int, ...]] = []

    def write() -> None:
        for _ in range(200):
            with lock.writing():
                pair[0] += 1
                pair[1] += 1

    def read() -> None:
        for _ in range(200):
            with lock.reading():
                seen = tuple(pair)
            if seen[0] != seen[1]:
                torn.append(seen)

    with ThreadPoolExecutor(4) as threads:
        for one in [threads.submit(task) for task in (write, read, write, read)]:
            one.result(PATIENCE_S)
    assert torn == []
    assert pair == [400, 400]


def test_an_error_inside_lets_the_next_one_in() -> None:
    lock = ReadersWriter()
    for door in (lock.reading, lock.writing):
        try:
            with door():
                raise KeyError
        except KeyError:
            pass
    with lock.writing():
        pass
