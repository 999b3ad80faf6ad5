"""The signals that stop the server, and what they do until it is ready.

Loading takes a second or more. Python's own answer to a signal in that time would be a status of
143 or a trace, for a server that was only told to stop.
"""

import os
import signal
import sys
from types import FrameType

from facenet_res.core import exit_codes

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_cleanly_until_ready() -> None:
    """Has a stop signal end the process at once with status OK; `lifecycle.serve` takes over."""
    for number in STOP_SIGNALS:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    # A second signal must not cut short how the first one ends.
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    # No buffered stream: the signal may have come in the middle of a write to it.
    line = f"server: stopped by {signal.Signals(number).name} before it was ready\n"
    os.write(2, line.encode())
    # An exception, so that a gallery that was opened is closed.
    sys.exit(exit_codes.OK)
