"""When a call is tried again, and how long it waits before.

Only what cannot do harm is repeated: a call that is safe to repeat, after an answer that says
"nothing was done". Each repetition is logged and counts against the call's one deadline.
"""

import random
from dataclasses import dataclass

import grpc

from facenet_res.core.errors import ArgumentInvalid, FacenetError, QueueFull


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently a failed call is repeated.

    The wait before attempt n + 1 is drawn evenly from [0.5, 1] times backoff_s * 2^(n - 1), so
    that clients refused together do not come back together.

    Attributes:
        attempts_max: calls in all, at least 1; 1 means that nothing is repeated.
        backoff_s: longest wait before the second attempt, in seconds.
        backoff_s_max: longest wait before any attempt, in seconds.
    """

    attempts_max: int = 6
    backoff_s: float = 0.1
    backoff_s_max: float = 2.0

    def __post_init__(self) -> None:
        if self.attempts_max < 1:
            raise ArgumentInvalid(f"attempts_max is {self.attempts_max}, least is 1")
        if not 0 < self.backoff_s <= self.backoff_s_max:
            raise ArgumentInvalid(
                f"need 0 < backoff_s <= backoff_s_max, got {self.backoff_s}, {self.backoff_s_max}"
            )

    def wait_s(self, attempt: int, generator: random.Random) -> float:
        """Seconds to wait after the given attempt, counted from 1, has failed."""
        longest_s = min(self.backoff_s * 2.0 ** (attempt - 1), self.backoff_s_max)
        return longest_s * generator.uniform(0.5, 1.0)


def is_retryable(code: grpc.StatusCode, failure: FacenetError) -> bool:
    """Whether the answer means "not now": the server is away, stopping, or full."""
    return code is grpc.StatusCode.UNAVAILABLE or isinstance(failure, QueueFull)
