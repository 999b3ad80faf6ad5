"""A queue that serves clients in turn: a thousand things of one do not hold up another's one."""

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


def is_within_share(mine: int, more: int, free: int) -> bool:
    """Whether a client that holds places of a common room may take more of them.

    Its first ones always, as far as there is room; then no more in all than it leaves free. So one
    client alone gets half of the room, two get a third each, and a newcomer finds a place.

    Args:
        mine: places that the client holds.
        more: places that it wants, at most `free`.
        free: places that nobody holds.

    Source:
        Choudhury and Hahne 1998, doi:10.1109/90.664262, dynamic queue length thresholds, alpha 1.
    """
    return mine == 0 or mine + more <= free


class Turns(Generic[Item]):
    """First come, first served within a client; one thing of each client in turn between them.

    Not safe for several threads: whoever shares it between threads locks.
    """

    def __init__(self) -> None:
        # In the order of their turns; a client without things is not in it.
        self._clients: OrderedDict[Hashable, deque[Item]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        for items in self._clients.values():
            yield from items

    def push(self, client: Hashable, item: Item) -> None:
        """Adds a thing behind the client's others; a new client stands behind all clients."""
        self._clients.setdefault(client, deque()).append(item)
        self._count += 1

    def take(self) -> Item:
        """Removes and returns the thing whose turn it is; its client goes behind the others.

        Raises:
            IndexError: there is none.
        """
        if not self._clients:
            raise IndexError("nothing waits")
        client, items = next(iter(self._clients.items()))
        item = items.popleft()
        self._count -= 1
        if items:
            self._clients.move_to_end(client)
        else:
            del self._clients[client]
        return item

    def remove(self, client: Hashable, item: Item) -> None:
        """Takes a thing out, wherever it stands.

        Raises:
            ValueError: the client has no such thing here.
        """
        items = self._clients.get(client)
        if items is None:
            raise ValueError(f"client {client!r} has nothing here")
        items.remove(item)
        self._count -= 1
        if not items:
            del self._clients[client]
