"""When the batcher's next call begins, and how many faces it takes.

The next call is handed over shortly before the one in hand ends: then the engine does not stand
still while Python wakes up, and no sooner, so that late comers are still in it and those who leave
are not. Where it pays to wait for company (see `Pace`), the callers of the last call get a moment
to come back; a face that comes alone never waits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from facenet_res.inference.batcher_pace import Pace
from facenet_res.inference.config import BatcherConfig

# How long before the expected end of a call the next one is handed over: a share of the call, for
# the times vary, and at least what it takes to wake a thread that competes for the interpreter.
HANDOVER_SHARE = 1 / 8
HANDOVER_S = 0.003


@dataclass(slots=True, eq=False)
class Call:
    """A call in flight: its faces, and the loop time at which it was handed over."""

    faces: int
    began_s: float


class Schedule:
    """Decides by the clock that it is told; owns no timer and no queue.

    Attributes:
        calls: in flight, the oldest first.
    """

    def __init__(self, config: BatcherConfig, batch_sizes: Sequence[int] = ()) -> None:
        """See the class.

        Args:
            config: limits and wait.
            batch_sizes: what the engine is compiled for, ascending; empty for every size.
        """
        sizes = tuple(batch_sizes) or tuple(range(1, config.batch_max + 1))
        # No call is made that is padded beyond batch_max, unless the engine has none so small.
        sizes = tuple(size for size in sizes if size <= config.batch_max) or sizes[:1]
        self._batch_max = min(config.batch_max, sizes[-1])
        self._in_flight_max = config.in_flight_max
        self._wait_s = config.wait_ms_max / 1e3
        self._pace = Pace(sizes)
        self.calls: list[Call] = []
        self._last_end_s = -math.inf
        self._expected = 0
        self._could_begin_s: float | None = None

    def due_s(self, now_s: float, waiting: int, *, hurry: bool) -> float:
        """The time at which the next call begins, if nothing happens before.

        Args:
            now_s: the time.
            waiting: faces that wait, at least 1.
            hurry: whether nobody else can come.

        Returns:
            Seconds; at most now_s means now, inf not before a call ends.
        """
        if len(self.calls) >= self._in_flight_max:
            return math.inf
        is_full = hurry or waiting >= self._batch_max
        waits = not is_full and self._wait_s > 0 and self._pace.pays_to_wait(waiting)
        if self.calls:
            oldest = self.calls[0]
            call_s = self._pace.call_s(oldest.faces)
            if waits or not call_s:
                return math.inf
            end_s = max(oldest.began_s, self._last_end_s) + call_s
            return end_s - max(HANDOVER_S, HANDOVER_SHARE * call_s)
        if is_full or waiting >= self._expected:
            return now_s
        # Those who had an answer just now are likely to be back at once.
        if self._could_begin_s is None:
            self._could_begin_s = now_s
        return self._last_end_s + self._wait_s if waits else now_s

    def faces_of_next(self, waiting: int) -> int:
        """How many of the waiting faces the next call takes, at least 1."""
        return self._pace.faces_of_next(min(waiting, self._batch_max))

    def size_of(self, faces: int) -> int:
        """Rows that the engine computes for so many faces."""
        return self._pace.size_of(faces)

    def face_came(self, now_s: float) -> None:
        """Learns how soon a face came after a call could have begun without it."""
        if self._could_begin_s is not None:
            # What is beyond the longest wait is too long, however long it is.
            self._pace.face_came(min(now_s - self._could_begin_s, 2 * self._wait_s))
            self._could_begin_s = None

    def began(self, faces: int, now_s: float) -> Call:
        """A call is handed over."""
        call = Call(faces, now_s)
        self.calls.append(call)
        return call

    def ended(self, call: Call, now_s: float, waiting: int, *, learn: bool) -> None:
        """A call has ended; `learn` from its time unless it failed."""
        self.calls.remove(call)
        if learn:
            # Two calls in flight share one engine: the second began when the first had ended.
            self._pace.call_ended(call.faces, now_s - max(call.began_s, self._last_end_s))
        self._last_end_s = now_s
        self._expected = min(waiting + call.faces, self._batch_max)
