"""When the batcher's next call begins.

On an idle engine at once: a face never waits for company. While a call is under way the next one is
handed over shortly before that one ends, so that the engine does not rest while Python wakes up,
and no sooner, so that late comers are still in it and those who leave are not.
"""

import math
from dataclasses import dataclass

from facenet_res.inference.config import BatcherConfig

# How long before the expected end of a call the next one is handed over: a share of the call, since
# the times vary, and at least what it takes to wake a thread that competes for the interpreter.
HANDOVER_SHARE = 1 / 8
HANDOVER_S = 0.003
# Weight of the newest time: a machine that slows down is believed after about four calls.
NEWEST = 0.25


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

    def __init__(self, config: BatcherConfig) -> None:
        self._in_flight_max = config.in_flight_max
        self.calls: list[Call] = []
        self._last_end_s = -math.inf
        self._face_s = 0.0

    def due_s(self, now_s: float) -> float:
        """The time at which the next call begins, if nothing happens before.

        Returns:
            Seconds; at most now_s means now, inf not before a call ends.
        """
        if not self.calls:
            return now_s
        if len(self.calls) >= self._in_flight_max or not self._face_s:
            return math.inf
        oldest = self.calls[0]
        call_s = self._face_s * oldest.faces
        end_s = max(oldest.began_s, self._last_end_s) + call_s
        return end_s - max(HANDOVER_S, HANDOVER_SHARE * call_s)

    def began(self, faces: int, now_s: float) -> Call:
        """A call is handed over."""
        call = Call(faces, now_s)
        self.calls.append(call)
        return call

    def ended(self, call: Call, now_s: float, *, learn: bool) -> None:
        """A call has ended; `learn` from its time unless it failed."""
        self.calls.remove(call)
        if learn:
            # Two calls in flight share one engine: the second began when the first had ended.
            face_s = (now_s - max(call.began_s, self._last_end_s)) / call.faces
            self._face_s += (NEWEST if self._face_s else 1.0) * (face_s - self._face_s)
        self._last_end_s = now_s
