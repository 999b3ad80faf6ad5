"""`python -m server`: reads the settings, serves, ends with a status that says what happened.

Statuses: 0 stopped by a signal, 2 wrong settings or files, 3 the gallery belongs to another model
or is damaged, 4 the gallery is locked or the port in use; see facenet_res.core.exit_codes.
"""

import os
import sys
import time

from server.signals import end_cleanly_until_ready


def main() -> int:
    """Serves until a signal; the exit status."""
    began_s = time.perf_counter()
    end_cleanly_until_ready()
    # Read once, when OpenCV is imported: its warnings are about its own engines and help nobody.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    # Imports OpenCV, FAISS and the engine: late, so that a signal meets the handler above.
    from server.run import run  # noqa: PLC0415

    return run(sys.argv[1:], began_s)


if __name__ == "__main__":
    sys.exit(main())
