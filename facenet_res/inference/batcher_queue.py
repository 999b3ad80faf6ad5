"""Requests that wait for the engine, bounded and in turns, and when its next call begins.

On an idle engine at once: a face never waits for company. While a call is under way the next one is
handed over shortly before that one ends, so that the engine does not rest while Python wakes up,
and no sooner, so that late comers are still in it and those who leave are not.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from facenet_res.core.errors import ArgumentInvalid, QueueFull
from facenet_res.core.turns import Turns, is_within_share
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.config import BatcherConfig

# How long before the expected end of a call the next one is handed over: a share of the call, since
# the times vary, and at least what it takes to wake a thread that competes for the interpreter.
HANDOVER_SHARE = 1 / 8
HANDOVER_S = 0.003
# Weight of the newest time: a machine that slows down is believed after about four calls.
NEWEST = 0.25


@dataclass(slots=True, eq=False)
class Request:
    """One caller's faces and how far they have come.

    Attributes:
        faces: uint8[B, 112, 112, 3].
        client: whose turn it takes; None for a caller without a name.
        began_s: loop time of its arrival.
        deadline: loop time after which nobody wants the answer.
        answer: what the caller awaits; done when it has its embeddings, its error, or is gone.
        embeddings: float32[B, D], filled face by face.
        taken: faces that have gone into calls.
        embedded: faces that have come back.
    """

    faces: Faces
    client: Hashable
    began_s: float
    deadline: float
    answer: asyncio.Future[Embeddings]
    embeddings: Embeddings
    taken: int = 0
    embedded: int = 0

    @property
    def waiting(self) -> int:
        """Faces that are in no call yet."""
        return len(self.faces) - self.taken


Batch = list[tuple[Request, int]]
"""Whose face, and which of theirs, for each row of an engine call."""


def requests_of(batch: Batch) -> list[Request]:
    """The requests in a batch, each once."""
    return list(dict.fromkeys(request for request, _ in batch))


class FaceQueue:
    """The requests with faces that are in no call yet. Its length is their number of faces."""

    def __init__(self, faces_max: int) -> None:
        self._faces_max = faces_max
        self._turns: Turns[Request] = Turns()
        self._faces = 0
        self._faces_of: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return self._faces

    def __iter__(self) -> Iterator[Request]:
        return iter(self._turns)

    def check_room(self, faces: int, client: Hashable) -> None:
        """Whether so many more faces of a client may wait.

        Raises:
            ArgumentInvalid: more than would fit into an empty queue.
            QueueFull: there is no room now, or only by taking that of other clients.
        """
        limit, free = self._faces_max, self._faces_max - self._faces
        if faces > limit:
            raise ArgumentInvalid(f"{faces} faces in one request, limit is {limit}")
        if faces > free:
            raise QueueFull(f"{self._faces} faces wait, {faces} more were sent, limit is {limit}")
        mine = self._faces_of[client]
        if client is not None and not is_within_share(mine, faces, free):
            raise QueueFull(
                f"{mine} faces of this client wait, {faces} more were sent; "
                f"a client may hold as many as it leaves free, now {free}"
            )

    def push(self, request: Request) -> None:
        """Lets a request's faces wait."""
        self._turns.push(request.client, request)
        self._count(request, request.waiting)

    def take(self, faces_max: int, now_s: float) -> Batch:
        """Takes one face of each client in turn.

        Requests that are answered or late are dropped: their own cancellation or timer is about
        to tell their callers.
        """
        batch: Batch = []
        while self._turns and len(batch) < faces_max:
            request = self._turns.take()
            if request.answer.done() or request.deadline <= now_s:
                self._forget(request)
                continue
            batch.append((request, request.taken))
            request.taken += 1
            self._count(request, -1)
            if request.waiting:
                self._turns.push(request.client, request)
        return batch

    def withdraw(self, request: Request) -> None:
        """Takes what is left of a request out; nothing where nothing is left."""
        if request.waiting:
            self._turns.remove(request.client, request)
            self._forget(request)

    def _forget(self, request: Request) -> None:
        self._count(request, -request.waiting)
        request.taken = len(request.faces)

    def _count(self, request: Request, faces: int) -> None:
        self._faces += faces
        self._faces_of[request.client] += faces
        if not self._faces_of[request.client]:
            # Connections come and go: their names must not pile up.
            del self._faces_of[request.client]


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
