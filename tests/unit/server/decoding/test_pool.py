"""The decoding processes: right pixels, limits that hold, deaths that nobody else notices."""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import (
    ImageTooLarge,
    ImageUndecodable,
    ImageUnreadable,
    ShuttingDown,
)
from facenet_res.imaging.decode import ImageLimits
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.server.decoding.pool import DecoderPool
from facenet_res.server.decoding.worker import DecodeLimits
from tests.hostile import flat_png, png, zeros

LIMITS = DecodeLimits()


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(1, LIMITS) as opened:
        yield opened


def noise(height_px: int, width_px: int) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height_px, width_px, 3)).astype(np.uint8)
    return encode_jpeg(pixels, quality=90)


def decoder_of(pool: DecoderPool) -> int:
    """The number of the one decoding process: the child of the process that forks."""
    (fork_server,) = children(os.getpid())
    (decoder,) = children(fork_server)
    return decoder


def decoder_cpu_s(pool: DecoderPool) -> float:
    """CPU time of the decoding process."""
    ticks = Path(f"/proc/{decoder_of(pool)}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    return [
        int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if "fork_server" in Path(f"/proc/{each}/cmdline").read_text()
    ]  # fmt: skip


@pytest.mark.parametrize("side_px", [100, 300, None])
def test_the_pixels_are_those_of_decoding_here(pool: DecoderPool, side_px: int | None) -> None:
    data = noise(401, 803)
    here = LazyImage.open(data)
    with pool.opened(data) as there:
        found, expected = there.reduced(side_px), here.reduced(side_px)
        assert np.array_equal(found.pixels, expected.pixels)
        assert (found.shrink, found.offset_px) == (expected.shrink, expected.offset_px)
        # The reduction stays what it is while the whole is decoded beside it.
        assert np.array_equal(there.whole.pixels, here.whole.pixels)
        assert np.array_equal(found.pixels, expected.pixels)
        assert there.size_px == (803, 401)


def test_an_image_that_cannot_be_read_is_the_callers_fault(pool: DecoderPool) -> None:
    with pytest.raises(ImageUnreadable), pool.opened(b"text") as image:
        image.reduced(None)
    with pytest.raises(ImageTooLarge, match="limit is"), pool.opened(bomb_of_memory()) as image:
        image.reduced(None)
    with pytest.raises(ImageUnreadable), pool.opened(b"text") as image:
        _ = image.size_px


def bomb_of_memory() -> bytes:
    """Declares pixels that decode to 392 MB."""
    return png(7000, 7000, 16, 6, zeros(1000))


def test_data_behind_the_pixels_is_not_inflated(pool: DecoderPool) -> None:
    began_s = decoder_cpu_s(pool)
    with pool.opened(png(100, 100, 8, 2, zeros(64 << 20))) as image:
        assert image.reduced(None).pixels.shape == (100, 100, 3)
    assert decoder_cpu_s(pool) - began_s <= 0.05


def test_no_image_costs_more_than_the_limit_of_memory(pool: DecoderPool) -> None:
    with pool.opened(flat_png(7000)) as image, pytest.raises(ImageTooLarge):
        image.reduced(None)
    with pool.opened(flat_png(5000)) as image:
        assert image.reduced(None).pixels.any() == False  # noqa: E712 - of NumPy
    status = Path(f"/proc/{decoder_of(pool)}/status").read_text()
    most_kb = int(next(line for line in status.splitlines() if "VmHWM" in line).split()[1])
    assert most_kb * 1024 < LIMITS.memory_bytes + (80 << 20)


def test_a_process_that_takes_too_long_is_ended_and_the_next_image_finds_another() -> None:
    limits = replace(LIMITS, cpu_s=0.05)
    with DecoderPool(1, limits) as pool:
        with (
            pytest.raises(ImageUndecodable, match=r"0\.05 s"),
            pool.opened(flat_png(5000)) as image,
        ):
            image.reduced(None)
        with pool.opened(noise(100, 100)) as image:
            assert image.reduced(None).pixels.shape == (100, 100, 3)


def test_a_process_that_is_killed_while_it_rests_is_replaced(pool: DecoderPool) -> None:
    with pool.opened(noise(100, 100)) as image:
        image.reduced(None)
    first = decoder_of(pool)
    process = os.pidfd_open(first)
    os.kill(first, signal.SIGKILL)
    select.select([process], [], [], 30)
    os.close(process)
    with pool.opened(noise(100, 100)) as image:
        assert image.reduced(None).pixels.shape == (100, 100, 3)
    assert decoder_of(pool) != first


def test_a_pool_that_ends_does_not_wait_for_its_images() -> None:
    pool = DecoderPool(1, replace(LIMITS, image=ImageLimits(pixels_max=60_000_000), cpu_s=60.0))
    begun = threading.Event()

    def decode() -> None:
        with pool.opened(flat_png(5000)) as image:
            begun.set()
            while True:
                vars(image).pop("whole", None)
                image.end = 0
                _ = image.whole

    with ThreadPoolExecutor(1) as threads:
        endless = threads.submit(decode)
        begun.wait(30)
        began_s = time.monotonic()
        pool.__exit__(None, None, None)
        with pytest.raises(ShuttingDown):
            endless.result(10)
        assert time.monotonic() - began_s < 5
