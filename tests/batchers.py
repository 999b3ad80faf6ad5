"""A small batcher whose engine takes a known, virtual time."""

import asyncio
from collections.abc import Callable

from facenet_res.inference.batcher import Batcher
from facenet_res.inference.config import BatcherConfig
from tests.label_embedder import LabelEmbedder
from tests.virtual_time import VirtualExecutor

CALL_S = 0.1


def batcher_of(
    embedder: LabelEmbedder,
    takes_s: Callable[[int], float] = lambda _: CALL_S,
    *,
    batch_max: int = 4,
    queue_max: int = 16,
) -> Batcher:
    config = BatcherConfig(batch_max=batch_max, queue_max=queue_max)
    return Batcher(embedder, config, VirtualExecutor(takes_s))


def now_s() -> float:
    return asyncio.get_running_loop().time()
