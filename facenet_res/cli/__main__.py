"""`facenet-res`: the process of a command, its signals and its exit status.

The commands are imported inside `main`, so that a signal during their import meets `_stop`.
"""

import os
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
IMPORTER = "<frozen importlib._bootstrap>"


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end; the argument is its number."""


def main() -> int:
    """Runs the command of the process's arguments; the exit status."""
    for number in SIGNALS:
        # A shell has background jobs ignore Ctrl-C, and nohup its own signal: that stays.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        from facenet_res.cli.commands import main as run_command

        code = run_command(sys.argv[1:])
        # Python's own handler would print a trace while the interpreter shuts down.
        _restore()
    except Stopped as stopped:
        os.write(2, b"stopped\n")
        return 128 + int(stopped.args[0])
    return code


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwinds by an exception; a second signal kills.

    An exception in the middle of an import may come out as an ImportError, or not at all, so the
    process ends at once there: no command holds anything that needs closing while it imports.
    """
    _restore()
    while frame is not None:
        if frame.f_code.co_filename == IMPORTER:
            os.write(2, b"stopped\n")
            os._exit(128 + number)
        frame = frame.f_back
    raise Stopped(number)


def _restore() -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
