"""Who has called, by when the answer is wanted, and what is repeated to the caller."""

from typing import Any, cast

import pytest

from facenet_res.server.context import Call, Context


def opened(peer: str, *metadata: tuple[str, str | bytes], left_s: float | None = None) -> Call:
    class OfGrpc:
        def peer(self) -> str:
            return peer

        def invocation_metadata(self) -> Any:
            return metadata

        def time_remaining(self) -> float | None:
            return left_s

    return Call.opened("S/M", cast("Context", OfGrpc()), 60.0)


@pytest.mark.parametrize(
    ("peer", "caller"),
    [
        ("ipv4:203.0.113.7:{}", "ipv4:203.0.113.7"),
        ("ipv6:[2001:db8::7]:{}", "ipv6:[2001:db8::7]"),
        ("ipv4:127.0.0.1:{}", "ipv4:127.0.0.1"),
        ("unix:{}", "unix"),
    ],
)
def test_connections_of_one_address_are_one_caller(peer: str, caller: str) -> None:
    calls = [opened(peer.format(port)) for port in (5000, 5001)]
    assert {call.caller for call in calls} == {caller}
    assert len({call.connection for call in calls}) == 2


def test_what_nobody_has_checked_makes_no_new_caller() -> None:
    claimed = opened("ipv4:203.0.113.7:1", ("authorization", "Bearer made-up"))
    assert claimed.caller == "ipv4:203.0.113.7"


def test_a_call_ends_at_the_callers_deadline_or_at_the_servers() -> None:
    assert 59 < opened("unix:").remaining_s() <= 60
    assert 59 < opened("unix:", left_s=1e6).remaining_s() <= 60
    assert 0 < opened("unix:", left_s=2).remaining_s() <= 2


def test_the_callers_ids_are_repeated_and_others_are_not() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    call = opened("unix:", ("x-request-id", "r-1"), ("traceparent", trace), ("x-bin", b"\x00"))
    assert call.echoed() == (("x-request-id", "r-1"), ("traceparent", trace))
    forged = opened("unix:", ("x-request-id", "x" * 1000), ("traceparent", "a\nb"))
    assert len(forged.request_id) == 32
    assert forged.echoed() == (("x-request-id", forged.request_id),)
