"""An address host:port: its parts, and whether it can be had."""

import errno
import socket

from facenet_res.core.errors import ConfigInvalid, PortInUse


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "host:port"; brackets around an IPv6 host are optional, * is every address.

    Raises:
        ConfigInvalid: it is something else, or the port is not in [0, 65535].
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise ConfigInvalid(f"address is host:port with a port from 0 to 65535, got {address!r}")
    host = host.removeprefix("[").removesuffix("]")
    return "::" if host == "*" else host, int(port)


def probe(address: str) -> None:
    """Takes the address for a moment and lets go of it.

    Raises:
        PortInUse, ConfigInvalid: as `bind` does.
    """
    host, port = split_address(address)
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as taken:
            # As gRPC does: an address still cooling down from an ended server is free to take.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(where)
            taken.listen(1)
    except socket.gaierror as error:
        raise ConfigInvalid(f"cannot listen at {address}: {error.strerror}") from error
    except ValueError as error:  # Python's own: an empty part, one of over 63 characters, a NUL.
        raise ConfigInvalid(f"cannot listen at {address!r}: no such host: {error}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"cannot listen at {address}: {error.strerror}") from error
        raise ConfigInvalid(f"cannot listen at {address}: {error.strerror}") from error
