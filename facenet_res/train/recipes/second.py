"""The second default weights: goes on with those of `first`, for another 0.28 million crops.

The run that made them was lengthened as time allowed: its rate fell as if for 2,000 steps up to
step 1,350, for 5,200 up to 2,450, for 4,400 from there. Run at once, it ends with other weights.
"""

from dataclasses import replace
from pathlib import Path

from facenet_res.train.config import TrainConfig
from facenet_res.train.recipes import first

FIRST = Path("runs/first/weights.safetensors")


def config(smoke: bool) -> TrainConfig:
    """What two cores do in an hour and a half."""
    base = first.config(smoke)
    return replace(
        base,
        start=str(FIRST.absolute()),
        optimizer=replace(base.optimizer, learning_rate=2.5e-3, warmup_steps=100),
        # A teacher costs a third of a step here: it is asked once about each of three views.
        input=replace(base.input, views=3),
        steps=20 if smoke else 4_400,
        precision="float32",
        validate_every=10 if smoke else 400,
    )
