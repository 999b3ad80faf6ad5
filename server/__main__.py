"""`facenet-res serve` and `python -m server`: reads the settings and serves; the exit status.

Statuses: 0 stopped by a signal, 2 wrong settings or files, 3 the gallery belongs to another model
or is damaged, 4 the gallery is locked or the port in use; see facenet_res.core.exit_codes.
"""

import sys
import time
from collections.abc import Sequence

from facenet_res.core.process_environment import prepare_environment
from facenet_res.server.signals import end_cleanly_until_ready


def main(arguments: Sequence[str] | None = None, program: str = "python -m server") -> int:
    """Serves until a signal; the exit status.

    Args:
        arguments: of the command line; the process's by default.
        program: how it was called, for `--help`.
    """
    began_s = time.perf_counter()
    end_cleanly_until_ready()
    prepare_environment()
    # Imports OpenCV, FAISS and the engine: late, so that a signal meets the handler above.
    from facenet_res.server.run import run  # noqa: PLC0415

    return run(sys.argv[1:] if arguments is None else arguments, began_s, program)


if __name__ == "__main__":
    sys.exit(main())
