"""When a call is repeated, and how long it waits."""

import random

import grpc
import pytest

from facenet_res.client.retry import RetryPolicy, is_retryable
from facenet_res.core.errors import ArgumentInvalid, DiskFull, NoFace, QueueFull, ShuttingDown


def test_waits_double_up_to_the_limit_and_are_spread() -> None:
    policy = RetryPolicy(backoff_s=0.1, backoff_s_max=0.5)
    for attempt, longest_s in ((1, 0.1), (2, 0.2), (3, 0.4), (4, 0.5), (50, 0.5)):
        generator = random.Random(attempt)  # noqa: S311
        waits = [policy.wait_s(attempt, generator) for _ in range(50)]
        assert longest_s / 2 <= min(waits) < max(waits) <= longest_s


def test_only_not_now_is_tried_again() -> None:
    code = grpc.StatusCode
    assert is_retryable(code.UNAVAILABLE, ShuttingDown(""))
    assert is_retryable(code.RESOURCE_EXHAUSTED, QueueFull(""))
    assert not is_retryable(code.RESOURCE_EXHAUSTED, DiskFull(""))
    assert not is_retryable(code.INVALID_ARGUMENT, NoFace(""))


@pytest.mark.parametrize(
    "wrong",
    [{"attempts_max": 0}, {"backoff_s": 0.0}, {"backoff_s": 3.0}, {"backoff_s_max": -1.0}],
)
def test_a_policy_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ArgumentInvalid):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
