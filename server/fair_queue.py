"""A queue in which callers share time: whoever has used least of it comes first.

Start-time fair queueing by measured seconds. A caller with large images, or with many connections,
uses up its own time and not that of others; one who was idle does not save time up. Within a
caller its connections take turns.

Source: Goyal, Vin, Cheng 1996, "Start-time Fair Queuing", doi:10.1145/248157.248171.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from facenet_res.core.turns import Turns

Item = TypeVar("Item")

# Callers whose time is remembered; those longest unheard of are forgotten.
CALLERS_KEPT = 4096
# Work of callers whose work takes longer than this leaves one thread to the others.
HEAVY_S = 0.2
# Weight of the newest time in a caller's mean.
NEWEST = 0.3


@dataclass(slots=True)
class _Account(Generic[Item]):
    used_s: float
    mean_s: float = 0.0
    waiting: Turns[Item] = field(default_factory=Turns)
    running: int = 0


class FairQueue(Generic[Item]):
    """What waits for a thread. Not safe for several threads: whoever shares it locks."""

    def __init__(self) -> None:
        # The longest unused first.
        self._accounts: OrderedDict[Hashable, _Account[Item]] = OrderedDict()
        self._floor_s = 0.0
        self._mean_s = 0.0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        for account in self._accounts.values():
            yield from account.waiting

    def push(self, caller: Hashable, item: Item, connection: Hashable = None) -> None:
        """Adds a thing behind the caller's others of the same connection."""
        account = self._account(caller)
        if not account.waiting and not account.running:
            account.used_s = max(account.used_s, self._floor_s)
        account.waiting.push(connection, item)
        self._count += 1

    def take(self, *, heavy: bool) -> tuple[Hashable, Item] | None:
        """Removes and returns the thing whose turn it is, and its caller; None where there is none.

        The caller's account is charged what its work takes on average, until `ended` says.

        Args:
            heavy: whether work of callers whose work takes long may be taken.
        """
        ready = [
            (account.used_s, number, caller)
            for number, (caller, account) in enumerate(self._accounts.items())
            if account.waiting and (heavy or account.mean_s <= HEAVY_S)
        ]
        if not ready:
            return None
        _, _, caller = min(ready)
        account = self._accounts[caller]
        self._accounts.move_to_end(caller)
        self._floor_s = max(self._floor_s, account.used_s)
        account.used_s += account.mean_s or self._mean_s
        account.running += 1
        self._count -= 1
        return caller, account.waiting.take()

    def ended(self, caller: Hashable, seconds: float | None) -> None:
        """A thing that was taken has ended after so long; None where it was not begun."""
        account = self._account(caller)
        account.running -= 1
        charged_s = account.mean_s or self._mean_s
        account.used_s += (seconds or 0.0) - charged_s
        if seconds is not None:
            account.mean_s = _moved(account.mean_s, seconds)
            self._mean_s = _moved(self._mean_s, seconds)

    def is_heavy(self, caller: Hashable) -> bool:
        """Whether the caller's work takes long on average."""
        account = self._accounts.get(caller)
        return account is not None and account.mean_s > HEAVY_S

    def mean_s(self, caller: Hashable) -> float:
        """What the caller's work takes on average, or that of all where it is unknown; seconds."""
        account = self._accounts.get(caller)
        return (account.mean_s if account else 0.0) or self._mean_s

    def _account(self, caller: Hashable) -> _Account[Item]:
        account = self._accounts.get(caller)
        if account is None:
            account = self._accounts[caller] = _Account(self._floor_s)
            self._forget()
        return account

    def _forget(self) -> None:
        while len(self._accounts) > CALLERS_KEPT:
            for caller, account in self._accounts.items():
                if not account.waiting and not account.running:
                    del self._accounts[caller]
                    break
            else:
                return


def _moved(mean_s: float, newest_s: float) -> float:
    return mean_s + NEWEST * (newest_s - mean_s) if mean_s else newest_s
