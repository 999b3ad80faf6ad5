"""What gRPC says of a connection that failed, in short."""

import pytest

from facenet_res.client.errors import cause_of

REFUSED = (
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
    "Failed to connect to remote host: Connection refused"
)
REFUSED_6 = (
    "failed to connect to all addresses; last error: UNKNOWN: ipv6:%5B::1%5D:1: "
    "Failed to connect to remote host: Connection refused"
)
UNKNOWN = (
    "errors resolving no.such.host:5: [field:hostname lookup error:address lookup failed for "
    "no.such.host:5: Domain name not found]"
)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (REFUSED, "connection refused"),
        (REFUSED_6, "connection refused"),
        (UNKNOWN, "domain name not found"),
        ("Socket closed", "Socket closed"),
        ("", ""),
    ],
)
def test_the_cause_is_the_last_thing_grpc_says(message: str, cause: str) -> None:
    assert cause_of(message) == cause
