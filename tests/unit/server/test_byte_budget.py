"""Bytes in flight: by connection, by caller and in all."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from facenet_res.core.errors import QueueFull
from facenet_res.server.byte_budget import ByteBudget
from tests.unit.server.interceptors.test_limits import call_of


def run(use: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(use())  # type: ignore[arg-type]


def test_a_caller_waits_until_it_has_given_back_and_others_do_not() -> None:
    async def use() -> None:
        budget = ByteBudget(100)
        ada, bob = call_of("ada"), call_of("bob")
        # Given: a connection that holds what it may, and wants more.
        await budget.take(ada, 40)
        more = asyncio.create_task(budget.take(ada, 40))
        await asyncio.sleep(0)
        assert not more.done()
        # Then: another caller finds room, and the first gets it when it gave some back.
        await budget.take(bob, 40)
        budget.give(bob, 40)
        assert not more.done()
        budget.give(ada, 40)
        await more
        assert budget.held == 40

    run(use)


def test_who_leaves_while_waiting_takes_nothing_along() -> None:
    async def use() -> None:
        budget = ByteBudget(100)
        ada = call_of("ada")
        await budget.take(ada, 50)
        waiting = [asyncio.create_task(budget.take(ada, 50)) for _ in range(3)]
        await asyncio.sleep(0)
        # One is cancelled before its turn, one in the same moment as it comes.
        waiting[0].cancel()
        budget.give(ada, 50)
        waiting[1].cancel()
        outcomes = await asyncio.gather(*waiting[:2], return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in outcomes)
        await asyncio.wait_for(waiting[2], 5)
        budget.give(ada, 50)
        assert budget.held == 0

    run(use)


def test_answers_that_nobody_reads_are_refused_at_some_point() -> None:
    async def use() -> None:
        budget = ByteBudget(100)
        budget.take_now(call_of("ada"), 50)
        with pytest.raises(QueueFull, match="50 bytes"):
            budget.take_now(call_of("ada", "2"), 50)
        budget.take_now(call_of("bob"), 25)

    run(use)
