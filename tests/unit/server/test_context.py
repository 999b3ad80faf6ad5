"""Who a caller is: a credential, an address, or on loopback a connection."""

from typing import Any, cast

import pytest

from facenet_res.server.context import Context, identity_of


def call(peer: str, *metadata: tuple[str, str]) -> Context:
    class Call:
        def peer(self) -> str:
            return peer

        def invocation_metadata(self) -> Any:
            return metadata

    return cast("Context", Call())


def test_connections_of_one_address_are_one_caller() -> None:
    first, second = (identity_of(call(f"ipv4:203.0.113.7:{port}")) for port in (5000, 5001))
    assert first == second == "ipv4:203.0.113.7"
    assert identity_of(call("ipv6:[2001:db8::7]:5000")) == "ipv6:[2001:db8::7]"


@pytest.mark.parametrize("peer", ["ipv4:127.0.0.1:{}", "ipv6:[::1]:{}", "unix:{}"])
def test_on_loopback_each_connection_is_a_caller(peer: str) -> None:
    assert len({identity_of(call(peer.format(port))) for port in (1, 2)}) == 2


def test_a_credential_is_one_caller_from_everywhere_and_is_not_kept() -> None:
    secret = ("authorization", "Bearer s3cret")
    first = identity_of(call("ipv4:203.0.113.7:1", secret))
    assert first == identity_of(call("ipv4:127.0.0.1:9", secret))
    assert first != identity_of(call("ipv4:203.0.113.7:1", ("authorization", "Bearer other")))
    assert "s3cret" not in first
