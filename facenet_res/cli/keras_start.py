"""Loading Keras without the screenful that TensorFlow writes to stderr by itself."""

import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from contextlib import suppress

from facenet_res.core.errors import EngineUnavailable


def load_keras() -> None:
    """Imports Keras; what is said to stderr meanwhile is shown only where that fails.

    No log level silences it: it is written below Python before logging is set up. Keras itself
    loads TensorFlow when it is seeded, whatever its backend, so where there is one it comes along.

    Raises:
        EngineUnavailable: Keras or its backend is broken, absent or unknown.
    """
    # PyTorch's threads would spin at the end of each kernel, on cores that the teacher and the
    # input need meanwhile: of two cores that takes a quarter. Read when the library is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            importlib.import_module("keras")
            if importlib.util.find_spec("tensorflow") is not None:
                with suppress(ImportError):  # another backend is at work, and needs it not
                    importlib.import_module("tensorflow")
        except BaseException as error:
            os.dup2(kept, 2)
            said.seek(0)
            with os.fdopen(os.dup(2), "wb") as stderr:
                shutil.copyfileobj(said, stderr)
            if isinstance(error, ImportError | ValueError):
                raise EngineUnavailable(
                    f"Keras cannot be loaded on the backend that KERAS_BACKEND names: {error}"
                ) from error
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
