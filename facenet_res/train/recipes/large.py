"""A larger network than the default one, for a GPU: as the default's GPU part, deeper.

In half precision it is a file of 19 MB. Not run, but for its miniature: no GPU was at hand.
"""

from dataclasses import replace

from facenet_res.train.config import TrainConfig
from facenet_res.train.recipes import default


def config(smoke: bool) -> TrainConfig:
    """IResNet-50 of width 0.5, 200 looks at each crop."""
    base = default.on_gpu(smoke)
    if smoke:
        return replace(base, name="iresnet50-w05")
    return replace(base, name="iresnet50-w05", model=replace(base.model, depth=50))
