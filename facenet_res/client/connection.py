"""What both clients share: where they connect, and the attempts of one call."""

import logging
import random
import time
from dataclasses import dataclass, field
from typing import Any

import grpc

from facenet_res.client.calls import Call
from facenet_res.client.channel import Endpoint
from facenet_res.client.errors import error_of, reason_of
from facenet_res.client.retry import RetryPolicy, is_retryable
from facenet_res.core.errors import ArgumentInvalid, DeadlineExceeded

DEADLINE_S_MAX = 86_400.0
READY_POLL_S = 0.05
READY_CHECK_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """Where a client connects, and how long and how often it tries.

    Attributes:
        address: host:port.
        deadline_s: longest time a call may take, with all its attempts; at most a day.
        retry: when and how a call is tried again.
        metadata: sent with each call.
        generator: spreads the attempts of many clients.
    """

    address: str
    deadline_s: float
    retry: RetryPolicy
    metadata: tuple[tuple[str, str], ...] = ()
    # Nothing about the spreading needs to be secret or repeatable.
    generator: random.Random = field(default_factory=random.Random)

    @classmethod
    def of(cls, endpoint: Endpoint, deadline_s: float, retry: RetryPolicy | None) -> "Terms":
        """The terms of a client of an endpoint; RetryPolicy() where None."""
        return cls(endpoint.address, deadline_s, retry or RetryPolicy(), endpoint.metadata)

    def __post_init__(self) -> None:
        # gRPC cannot send an endless deadline, and takes one of years as one that is over.
        if not 0 < self.deadline_s <= DEADLINE_S_MAX:
            raise ArgumentInvalid(
                f"deadline_s is {self.deadline_s:g}, it must be greater than 0 "
                f"and at most {DEADLINE_S_MAX:g}"
            )


class Attempts:
    """The attempts of one call: counts them, and ends them by the terms."""

    def __init__(self, call: Call[Any], terms: Terms) -> None:
        self._call = call
        self._terms = terms
        self._end_s = time.monotonic() + terms.deadline_s
        self._failed = 0

    def remaining_s(self) -> float:
        """Seconds left for the call.

        Raises:
            DeadlineExceeded: none.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise self._late()
        return left_s

    def wait_s_after(self, error: grpc.RpcError) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            FacenetError: there is none: what the error stands for.
        """
        # The sync and the asyncio kind both have these methods; their common base does not.
        status: Any = error
        code, message = status.code(), status.details() or ""
        reason = reason_of(status.trailing_metadata())
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise self._late() from error
        failure = error_of(code, message, reason, self._terms.address)
        self._failed += 1
        retry = self._terms.retry
        is_last = self._failed >= retry.attempts_max
        if is_last or not self._call.is_idempotent or not is_retryable(code, failure):
            raise failure from error
        wait_s = retry.wait_s(self._failed, self._terms.generator)
        if wait_s >= self.remaining_s():
            raise failure from error
        log.info(
            "attempt %d of %d of %s failed, next in %.2f s: %s",
            self._failed,
            retry.attempts_max,
            self._call.path,
            wait_s,
            failure,
        )
        return wait_s

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"{self._call.path} had no answer from {self._terms.address} "
            f"within {self._terms.deadline_s:g} s"
        )
