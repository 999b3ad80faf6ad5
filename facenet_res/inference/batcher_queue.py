"""Requests that wait for the engine: bounded, and shared fairly between clients."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from facenet_res.core.errors import ArgumentInvalid, QueueFull
from facenet_res.core.turns import Turns, is_within_share
from facenet_res.core.types import Embeddings, Faces


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
