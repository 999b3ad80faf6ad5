"""What a model runtime must do for us: one method, one shape, one dtype.

Backends know nothing of requests, queues, detection or unit length. They are
picked by name in `open_backend`, and each imports its runtime inside its own
module, so a server with OpenVINO never loads TensorFlow.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Faces


class Backend(Protocol):
    """A loaded model. Safe to call from several threads."""

    @property
    def batch_max(self) -> int:
        """Most faces in one call."""
        ...

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        ...

    @property
    def name(self) -> str:
        """The engine: "openvino", "keras" or "onnx"."""
        ...

    @property
    def description(self) -> str:
        """What was picked, for logs: runtime and version, device, precision, threads."""
        ...

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB, 1 <= B <= batch_max -> float32[B, D], of any length."""
        ...

    def close(self) -> None:
        """Gives memory and threads back; the backend is not called again."""
        ...
