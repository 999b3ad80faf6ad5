"""Which blocks a classifying network is made of, in order, without building it.

Both the network and the count of its weights and work are read off the plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from facenet_res.models.classifier_config import LAYERS_PER_CIFAR_STEP, ClassifierConfig
from facenet_res.models.depths import stage_channels, widened

Stem = Literal["conv7_pool", "conv3"]
Block = Literal["basic", "bottleneck", "preact"]
Skip = Literal["none", "padding", "projection"]

BOTTLENECK_RATIO = 4  # a bottleneck's output has four times the channels of its middle

# Source: He et al. 2015, arXiv:1512.03385, table 1.
RESNET_BLOCKS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
BOTTLENECK_DEPTH_MIN = 50
CIFAR_CHANNELS = (16, 32, 64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands.

    Attributes:
        stage: counted from 1.
        name: prefix of its layers' names.
        channels: of its output.
        stride: 2 where the block halves the map, else 1.
        is_stride_first: the first convolution of a bottleneck does so, and not the second.
    """

    stage: int
    name: str
    channels: int
    stride: int
    is_stride_first: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a network.

    Attributes:
        stem: "conv7_pool" (7x7 and a max-pool, which leave a quarter of the side) or "conv3".
        stem_channels: of the stem's output.
        block: the kind of all blocks.
        skip: what carries the input past a block that changes its shape: nothing ("none", a plain
            network), option A of the paper ("padding") or option B ("projection").
        blocks: of each stage.
        channels: of each stage's output.
        is_stride_first: see `Place`.
    """

    stem: Stem
    stem_channels: int
    block: Block
    skip: Skip
    blocks: tuple[int, ...]
    channels: tuple[int, ...]
    is_stride_first: bool = False

    @property
    def places(self) -> Iterator[Place]:
        """All blocks from the image to the classes. Every stage but the first halves the map."""
        for stage, (blocks, channels) in enumerate(
            zip(self.blocks, self.channels, strict=True), start=1
        ):
            for block in range(1, blocks + 1):
                stride = 2 if block == 1 and stage > 1 else 1
                name = f"stage{stage}_block{block}"
                yield Place(stage, name, channels, stride, self.is_stride_first)


def plan_of(config: ClassifierConfig) -> Plan:
    """The parts of the network that a config names.

    The skips are those of the papers' published figures. Classic networks project (option B).
    CIFAR's basic blocks pad with zeros (option A), so that a residual network and its plain twin
    have the same weights and whatever differs is owed to the skip. CIFAR's pre-activation
    bottlenecks project, as the authors' code does: their first block already widens 16 to 64.
    """
    if config.family == "resnet":
        is_deep = config.depth >= BOTTLENECK_DEPTH_MIN
        widening = BOTTLENECK_RATIO if is_deep else 1
        base = stage_channels(config.width)
        return Plan(
            stem="conv7_pool",
            stem_channels=base[0],
            block="bottleneck" if is_deep else "basic",
            skip="none" if config.is_plain else "projection",
            blocks=RESNET_BLOCKS[config.depth],
            channels=tuple(channels * widening for channels in base),
            is_stride_first=config.is_stride_first,
        )
    blocks = (config.depth - 2) // LAYERS_PER_CIFAR_STEP[config.family]
    is_preact = config.family == "cifar_preact"
    skip: Skip = "projection" if is_preact else "padding"
    widening = BOTTLENECK_RATIO if is_preact else 1
    narrow = tuple(widened(channels, config.width) for channels in CIFAR_CHANNELS)
    return Plan(
        stem="conv3",
        stem_channels=narrow[0],
        block="preact" if is_preact else "basic",
        skip="none" if config.is_plain else skip,
        blocks=(blocks,) * len(CIFAR_CHANNELS),
        channels=tuple(channels * widening for channels in narrow),
    )
