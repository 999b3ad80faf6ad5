"""Taking the port, or saying in one sentence why it cannot be had.

gRPC reports no cause when it cannot bind, and prints lines of its own. So a socket of ours asks
first: `probe` before anything is loaded, `bind` when all is ready to serve.
"""

import grpc

from facenet_res.core.errors import ConfigInvalid
from facenet_res.server.address import probe, split_address


def bind(
    server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None = None
) -> str:
    """Has the server listen at an address.

    The server must have been made with `grpc.so_reuseport` 0: by default two servers may share one
    port, and each would answer half of the clients from its own gallery.

    Args:
        server: to listen.
        address: host:port.
        credentials: TLS; None for none.

    Returns:
        The address with the port that was picked, where port 0 was asked for.

    Raises:
        PortInUse: another process listens there.
        ConfigInvalid: the host is unknown, not of this machine, or the port is forbidden.
    """
    host, port = split_address(address)
    probe(address)
    shown = f"[{host}]" if ":" in host else host
    try:
        if credentials is None:
            bound = server.add_insecure_port(f"{shown}:{port}")
        else:
            bound = server.add_secure_port(f"{shown}:{port}", credentials)
    except RuntimeError as error:
        # gRPC keeps the cause to itself: the system tells it once more, or gRPC's words stand.
        probe(address)
        raise ConfigInvalid(f"cannot listen at {address}: {error}") from error
    return f"{shown}:{bound}"
