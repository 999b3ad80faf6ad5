"""DeepFace in a process of its own, which is asked for one round after another.

It changes the process that imports it: `TF_USE_LEGACY_KERAS`, all warnings silenced. So that its
rounds can stand between ours all the same, it waits for a line and answers with one.

    python -m tests.benchmarks.deepface_process PHOTO...

Its weights lie behind a download. The network is built by DeepFace's own code, with the weights
that Keras draws at random; only the download and the reading of the file are left out.
"""

import importlib.util
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

INSTALL = (
    "pip install --no-deps deepface==0.0.103 tf-keras==2.21.0 mtcnn==1.0.0 gdown beautifulsoup4 "
    "soupsieve"
)
PACKAGES = ("deepface", "tensorflow", "tf_keras", "mtcnn", "gdown")
ROOT = Path(__file__).parent.parent.parent


class DeepFaceProcess:
    """`DeepFace.represent` of some photographs, as often as it is called; a context manager."""

    def __init__(self, photos: Sequence[Path]) -> None:
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            pytest.skip(f"needs {', '.join(missing)}: {INSTALL}")
        # A file, since nobody reads along: a pipe would fill and stop it.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.benchmarks.deepface_process", *map(str, photos)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def __call__(self) -> None:
        """All photographs once, one after another."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("again\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        if self._process.stdout.readline() != "done\n":
            self._said.seek(0)
            raise AssertionError(f"DeepFace ended:\n{self._said.read()[-2000:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._process.communicate(timeout=60)
        finally:
            self._process.kill()
            self._said.close()


def main(photos: Sequence[str]) -> None:
    """Answers each line of the input with "done" once every photograph has its embedding."""
    answers = os.fdopen(os.dup(1), "w")
    # What the libraries print is no answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    files = [Path(photo).read_bytes() for photo in photos]
    with tempfile.TemporaryDirectory(prefix="deepface-") as home:
        os.environ["DEEPFACE_HOME"] = home
        represent = _represent()
        for _ in sys.stdin:
            for data in files:
                (face,) = represent(
                    io.BytesIO(data), model_name="ArcFace", detector_backend="mtcnn"
                )
                assert len(face["embedding"]) == 512
            answers.write("done\n")
            answers.flush()


def _represent() -> Any:
    from deepface import DeepFace
    from deepface.commons import weight_utils

    weight_utils.download_weights_if_necessary = lambda **_: "random"
    weight_utils.load_model_weights = lambda model, weight_file: model
    return DeepFace.represent


if __name__ == "__main__":
    main(sys.argv[1:])
