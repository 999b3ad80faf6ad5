"""Reading much of a gallery in one state, while others write to it."""

from collections.abc import Callable
from typing import TypeVar

from facenet_res.core.errors import NotWritable, QueueFull, UnknownFace, UnknownPerson
from facenet_res.gallery.store import Store

Result = TypeVar("Result")
ROUNDS_MAX = 3


def on_one_state(store: Store, read: Callable[[], Result]) -> Result:
    """What an action reads, repeated until nothing was changed meanwhile.

    Where writers are faster, they wait for the last round.

    Args:
        store: open.
        read: may be called several times, from another thread too. It changes nothing.

    Raises:
        QueueFull: the gallery changes too fast, and this process does not write to it.
    """
    for _ in range(ROUNDS_MAX):
        store.refresh()
        before = store.position()
        try:
            result = read()
        except (UnknownPerson, UnknownFace):
            # Deleted since it was listed.
            continue
        store.refresh()
        if store.position() == before:
            return result
    try:
        return store.change(lambda _: read())
    except NotWritable as error:
        raise QueueFull(
            "the gallery changes faster than it is read; read a backup of it, or in its own process"
        ) from error
