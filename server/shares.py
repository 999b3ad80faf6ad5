"""How much of a common room one caller, and one of its connections, may hold."""

from collections.abc import Mapping

from facenet_res.core.turns import is_within_share
from facenet_res.server.context import Call


def why_beyond_share(
    what: str, call: Call, held_by: Mapping[str, int], more: int, total: int, held: int
) -> str:
    """Why a call may not take more; "" where it may.

    A caller may hold as many as it leaves free, and each of its connections as many as half of
    what the caller could still take: so a newcomer finds room, and so does a second connection.

    Args:
        what: is held, in plural.
        call: who asks.
        held_by: how many each caller and each connection holds.
        more: how many are asked for.
        total: of the room.
        held: of it, by all.
    """
    free = total - held
    if more > free:
        return f"{held} {what} are held, {more} more would be; limit is {total}"
    mine = held_by.get(call.caller, 0)
    if not is_within_share(mine, more, free):
        return (
            f"{mine} {what} of this caller are held, {more} more would be; limit is {total} for "
            "all callers, of which one leaves half to others"
        )
    here = held_by.get(call.connection, 0)
    if not is_within_share(here, more, max(more, (free - mine) // 2)):
        return (
            f"{here} {what} of this connection are held, {more} more would be; limit is {total} "
            "for all callers: use a second connection, or less at once"
        )
    return ""
