"""How a request may end: late, cancelled, failed, or with the batcher."""

import asyncio

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArrayInvalid,
    DeadlineExceeded,
    EngineUnavailable,
    ShuttingDown,
)
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.batcher import Batcher
from tests.batchers import CALL_S, batcher_of, now_s
from tests.label_embedder import LabelEmbedder, answer_to, faces_of
from tests.virtual_time import VirtualLoop, run_virtual


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, float("nan")])
def test_no_time_at_all_is_late_at_once(deadline_s: float) -> None:
    embedder = LabelEmbedder()

    async def work() -> None:
        async with batcher_of(embedder) as batcher:
            with pytest.raises(DeadlineExceeded):
                await batcher.embed(faces_of(0, 1), deadline_s)

    run_virtual(work)
    assert not embedder.calls


def test_a_late_request_is_told_in_time_and_never_computed() -> None:
    embedder = LabelEmbedder()

    async def work() -> tuple[float, Batcher]:
        batcher = batcher_of(embedder)
        async with batcher:
            working = asyncio.create_task(batcher.embed(faces_of(0, 1)))
            await asyncio.sleep(0.01)
            with pytest.raises(DeadlineExceeded, match=r"within the 0\.05 s"):
                await batcher.embed(faces_of(1, 1), deadline_s=0.05)
            late_s = now_s()
            await working
        return late_s, batcher

    late_s, batcher = run_virtual(work)

    assert late_s == pytest.approx(0.06)
    assert embedder.calls == [[(0, 0)]]
    assert (batcher.stats.late, batcher.stats.faces_waiting) == (1, 0)


def test_a_deadline_that_falls_on_the_next_call_never_reaches_the_engine() -> None:
    embedder = LabelEmbedder()

    async def work() -> None:
        async with batcher_of(embedder) as batcher:
            working = asyncio.create_task(batcher.embed(faces_of(0, 1)))
            await asyncio.sleep(CALL_S / 2)
            with pytest.raises(DeadlineExceeded):
                await batcher.embed(faces_of(1, 1), deadline_s=CALL_S / 2)
            await working

    run_virtual(work)
    assert embedder.calls == [[(0, 0)]]


def test_a_request_found_late_before_its_timer_fires_is_never_computed() -> None:
    embedder = LabelEmbedder()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with batcher_of(embedder) as batcher:
            # Given: a batcher that knows the engine's time, and a call in hand.
            await batcher.embed(faces_of(0, 1))
            working = asyncio.create_task(batcher.embed(faces_of(0, 1)))
            await asyncio.sleep(CALL_S / 2)
            # When: the loop is busy until both the next call and the deadline are over due.
            loop.call_later(CALL_S / 10, loop.stall, 1.0)
            with pytest.raises(DeadlineExceeded):
                await batcher.embed(faces_of(1, 1), deadline_s=0.45 * CALL_S)
            await working

    run_virtual(work)
    assert embedder.calls == [[(0, 0)], [(0, 0)]]


def test_a_cancelled_request_is_never_computed_and_frees_its_place() -> None:
    embedder = LabelEmbedder()

    async def work() -> Batcher:
        batcher = batcher_of(embedder, queue_max=4)
        async with batcher:
            working = asyncio.create_task(batcher.embed(faces_of(0, 1)))
            await asyncio.sleep(0.01)
            gone = asyncio.create_task(batcher.embed(faces_of(1, 4)))
            await asyncio.sleep(0.01)
            gone.cancel()
            await asyncio.sleep(0)
            await batcher.embed(faces_of(2, 4))
            await working
        return batcher

    batcher = run_virtual(work)

    assert {caller for call in embedder.calls for caller, _ in call} == {0, 2}
    assert batcher.stats.cancelled == 1


def test_the_rest_of_a_request_that_was_cancelled_half_way_is_not_computed() -> None:
    embedder = LabelEmbedder()

    async def work() -> None:
        async with batcher_of(embedder) as batcher:
            gone = asyncio.create_task(batcher.embed(faces_of(1, 12)))
            await asyncio.sleep(CALL_S / 2)
            gone.cancel()
            await batcher.embed(faces_of(2, 1))

    run_virtual(work)
    assert [len(call) for call in embedder.calls] == [4, 1]


def test_a_failed_call_fails_only_those_who_were_in_it() -> None:
    embedder = LabelEmbedder()
    embedder.failing[0] = EngineUnavailable("the device is gone")

    async def work() -> tuple[list[Embeddings | BaseException], Batcher]:
        batcher = batcher_of(embedder, batch_max=2)
        async with batcher:
            requests = [batcher.embed(faces_of(caller, 2)) for caller in range(3)]
            return await asyncio.gather(*requests, return_exceptions=True), batcher

    (first, second, third), batcher = run_virtual(work)

    assert isinstance(first, EngineUnavailable)
    assert isinstance(second, EngineUnavailable)
    np.testing.assert_array_equal(third, answer_to(2, 2))
    assert (batcher.stats.failed_batches, batcher.stats.batches) == (1, 1)


def test_a_face_without_an_embedding_fails_only_its_own_request() -> None:
    embedder = LabelEmbedder()
    embedder.bad = {(5, 0)}

    async def work() -> tuple[list[Embeddings | BaseException], Batcher]:
        batcher = batcher_of(embedder, batch_max=8)
        async with batcher:
            requests = [batcher.embed(faces_of(caller, 1)) for caller in range(8)]
            return await asyncio.gather(*requests, return_exceptions=True), batcher

    outcomes, batcher = run_virtual(work)

    assert isinstance(outcomes.pop(5), ArrayInvalid)
    for caller, answer in zip((0, 1, 2, 3, 4, 6, 7), outcomes, strict=True):
        np.testing.assert_array_equal(answer, answer_to(caller, 1))
    assert (batcher.stats.batches, batcher.stats.failed_batches) == (1, 0)
    assert batcher.stats.failed_faces == 1
    # Then: it was found by halving, not by asking for each face.
    assert [len(call) for call in embedder.calls] == [8, 4, 4, 2, 1, 1, 2]


def test_a_wrong_number_of_answers_is_an_error_and_not_a_mix_up() -> None:
    class Forgetful(LabelEmbedder):
        def embed(self, faces: Faces) -> Embeddings:
            return super().embed(faces)[:-1]

    async def work() -> None:
        async with batcher_of(Forgetful()) as batcher:
            with pytest.raises(AssertionError, match=r"returned \(1, 2\), wanted \(2, 2\)"):
                await batcher.embed(faces_of(0, 2))

    run_virtual(work)


def test_closing_answers_those_who_wait_and_refuses_others() -> None:
    async def work() -> list[Embeddings]:
        batcher = batcher_of(LabelEmbedder())
        await batcher.start()
        waiting = [asyncio.create_task(batcher.embed(faces_of(c, 3))) for c in range(4)]
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        with pytest.raises(ShuttingDown):
            await batcher.embed(faces_of(9, 1))
        await closing
        assert all(request.done() for request in waiting)
        return await asyncio.gather(*waiting)

    for caller, answer in enumerate(run_virtual(work)):
        np.testing.assert_array_equal(answer, answer_to(caller, 3))


def test_closing_in_a_hurry_answers_the_rest_with_an_error() -> None:
    async def work() -> list[Embeddings | BaseException]:
        batcher = batcher_of(LabelEmbedder())
        await batcher.start()
        waiting = [asyncio.create_task(batcher.embed(faces_of(c, 4))) for c in range(3)]
        await asyncio.sleep(0.01)
        await batcher.close(drain_s=1.5 * CALL_S)
        return await asyncio.gather(*waiting, return_exceptions=True)

    outcomes = run_virtual(work)

    assert any(isinstance(outcome, ShuttingDown) for outcome in outcomes)
    assert all(isinstance(outcome, ShuttingDown | np.ndarray) for outcome in outcomes)


def test_closing_what_was_never_started_is_allowed() -> None:
    run_virtual(lambda: batcher_of(LabelEmbedder()).close())


def test_a_batch_of_the_wrong_shape_is_refused_at_the_door() -> None:
    async def work() -> None:
        async with batcher_of(LabelEmbedder()) as batcher:
            with pytest.raises(ArrayInvalid, match="at least one face"):
                await batcher.embed(np.zeros((0, 112, 112, 3), np.uint8))

    run_virtual(work)


def test_starting_twice_and_using_it_unstarted_are_bugs() -> None:
    async def work() -> None:
        batcher = batcher_of(LabelEmbedder())
        with pytest.raises(AssertionError):
            await batcher.embed(faces_of(0, 1))
        async with batcher:
            with pytest.raises(AssertionError):
                await batcher.start()

    run_virtual(work)


def test_by_default_the_engine_runs_in_a_thread_of_its_own() -> None:
    embedder = LabelEmbedder()

    async def work() -> list[Embeddings]:
        async with Batcher(embedder) as batcher:
            assert batcher.embedder is embedder
            return await asyncio.gather(*(batcher.embed(faces_of(c, 3)) for c in range(64)))

    for caller, answer in enumerate(asyncio.run(work())):
        np.testing.assert_array_equal(answer, answer_to(caller, 3))
    assert max(len(call) for call in embedder.calls) > 1
