"""Refuses and records look-ups of, and connections to, other machines than this one.

Tests install it in their own process, and put it as `sitecustomize` into that of a command. A
library may swallow the error; the record stays.
"""

import os
import sys
from pathlib import Path

LOG_VARIABLE = "TEST_SOCKET_LOG"
# No host at all is the machine itself.
LOOPBACK = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None}  # noqa: S104
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
CALLS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: raises OSError where a socket would reach another machine."""
    if event in LOOKUPS:
        host = arguments[0]
    elif event in CALLS and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOOPBACK:
        with Path(os.environ[LOG_VARIABLE]).open("a") as log:
            log.write(f"{event} {host}\n")
        raise OSError(f"the test refuses {event} of {host}")


sys.addaudithook(refuse)
