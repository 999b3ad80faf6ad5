"""Loading Keras without the screenful that TensorFlow writes to stderr by itself."""

import importlib
import os
import shutil
import sys
import tempfile


def load_keras() -> None:
    """Imports Keras; what is said to stderr meanwhile is shown only where that fails.

    No log level silences it: it is written below Python before logging is set up.

    Raises:
        ImportError: Keras or its backend is broken or absent.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            importlib.import_module("keras")
        except BaseException:
            os.dup2(kept, 2)
            said.seek(0)
            with os.fdopen(os.dup(2), "wb") as stderr:
                shutil.copyfileobj(said, stderr)
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
