"""How large a network is and how much it computes, without building it.

Building all networks takes minutes and TensorFlow; adding up their layers takes
milliseconds and neither. A test holds the sums to `complexity`, which counts in
networks that were built.
"""

from dataclasses import dataclass

from facenet_res.core.face_template import DLIB_SIDE_PX
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import (
    DLIB_BLOCKS,
    IRESNET_BLOCKS,
    dlib_channels,
    stage_channels,
)
from facenet_res.models.plan import BOTTLENECK_RATIO, Place, Plan, plan_of


@dataclass(frozen=True, slots=True)
class Complexity:
    """The two numbers that papers compare.

    Attributes:
        parameters: trained weights, and the fixed gamma of an IResNet's last BN, which published
            counts include.
        macs: multiplications of convolutions and dense layers for one image.
    """

    parameters: int
    macs: int


def census(config: ModelConfig | ClassifierConfig) -> Complexity:
    """Adds up the layers of a network at its input size: 112, 224 or 32 px."""
    if isinstance(config, ModelConfig):
        return _dlib_resnet(config) if config.family == "dlib_resnet" else _iresnet(config)
    return _classifier(config)


@dataclass(slots=True)
class _Tally:
    """Parameters and work so far, and the square map they were spent on."""

    side_px: int
    channels: int = 3
    parameters: int = 0
    macs: int = 0

    def conv(self, channels: int, kernel_px: int, stride: int = 1) -> None:
        """A convolution without bias, and the map that it leaves."""
        self.halve(stride)
        # Each place of the output sums over the kernel's height, width and input channels.
        weights = kernel_px**2 * self.channels * channels
        self.parameters += weights
        self.macs += weights * self.side_px**2
        self.channels = channels

    def conv_bn(self, channels: int, kernel_px: int, stride: int = 1) -> None:
        self.conv(channels, kernel_px, stride)
        self.batch_norm()

    def projection(self, channels: int, stride: int, *, has_bn: bool) -> None:
        """A 1x1 convolution beside the main path, from the map as it is now."""
        branch = _Tally(self.side_px, self.channels)
        branch.conv(channels, 1, stride)
        if has_bn:
            branch.batch_norm()
        self.parameters += branch.parameters
        self.macs += branch.macs

    def batch_norm(self) -> None:
        self.parameters += 2 * self.channels

    def prelu(self) -> None:
        self.parameters += self.channels

    def dense(self, inputs: int, outputs: int) -> None:
        """A dense layer with bias."""
        self.parameters += (inputs + 1) * outputs
        self.macs += inputs * outputs

    def halve(self, stride: int) -> None:
        self.side_px = -(-self.side_px // stride)

    def total(self) -> Complexity:
        return Complexity(self.parameters, self.macs)


def _iresnet(config: ModelConfig) -> Complexity:
    channels = stage_channels(config.width)
    has_half_stem = config.stem == "half"
    tally = _Tally(FACE_SIDE_PX)
    tally.conv_bn(channels[0], 3, 2 if has_half_stem else 1)
    tally.prelu()
    for stage, (blocks, width) in enumerate(
        zip(IRESNET_BLOCKS[config.depth], channels, strict=True), start=1
    ):
        for block in range(1, blocks + 1):
            is_halving = block == 1 and not (stage == 1 and has_half_stem)
            _ir_block(tally, width, 2 if is_halving else 1)
    tally.batch_norm()
    area = tally.side_px**2
    if config.head == "gdc":
        tally.parameters += area * tally.channels
        tally.macs += area * tally.channels
        tally.batch_norm()
    tally.dense(tally.channels * (area if config.head == "flatten" else 1), config.embedding_dim)
    tally.parameters += 2 * config.embedding_dim
    return tally.total()


def _dlib_resnet(config: ModelConfig) -> Complexity:
    channels = dlib_channels(config.width)
    tally = _Tally(DLIB_SIDE_PX)
    # Its stem and its halving convolutions are not padded.
    tally.side_px = 2 * ((tally.side_px - 7) // 2 + 1)
    tally.conv_bn(channels[0], 7, 2)
    tally.side_px = (tally.side_px - 3) // 2 + 1
    for stage, (blocks, width) in enumerate(zip(DLIB_BLOCKS, channels, strict=True)):
        for block in range(blocks):
            if block or not stage:
                tally.conv_bn(width, 3)
                tally.conv_bn(width, 3)
                continue
            pooled_px = tally.side_px // 2
            tally.side_px = 2 * ((tally.side_px - 3) // 2 + 1)
            tally.conv_bn(width, 3, 2)
            tally.conv_bn(width, 3)
            tally.side_px = pooled_px  # The smaller map is filled up with zeros.
    tally.dense(tally.channels, config.embedding_dim)
    return tally.total()


def _ir_block(tally: _Tally, channels: int, stride: int) -> None:
    if stride != 1 or tally.channels != channels:
        tally.projection(channels, stride, has_bn=True)
    tally.batch_norm()
    tally.conv_bn(channels, 3)
    tally.prelu()
    tally.conv_bn(channels, 3, stride)


def _classifier(config: ClassifierConfig) -> Complexity:
    plan = plan_of(config)
    tally = _Tally(config.input_side_px)
    if plan.stem == "conv7_pool":
        tally.conv_bn(plan.stem_channels, 7, 2)
        tally.halve(2)
    elif plan.block == "preact":
        tally.conv(plan.stem_channels, 3)
    else:
        tally.conv_bn(plan.stem_channels, 3)
    for place in plan.places:
        _block(tally, plan, place)
    if plan.block == "preact":
        tally.batch_norm()
    tally.dense(tally.channels, config.classes)
    return tally.total()


def _block(tally: _Tally, plan: Plan, place: Place) -> None:
    changes_shape = place.stride != 1 or tally.channels != place.channels
    if changes_shape and plan.skip == "projection":
        tally.projection(place.channels, place.stride, has_bn=plan.block != "preact")
    narrow = place.channels // BOTTLENECK_RATIO
    if plan.block == "basic":
        tally.conv_bn(place.channels, 3, place.stride)
        tally.conv_bn(place.channels, 3)
    elif plan.block == "bottleneck":
        first, second = (place.stride, 1) if place.is_stride_first else (1, place.stride)
        tally.conv_bn(narrow, 1, first)
        tally.conv_bn(narrow, 3, second)
        tally.conv_bn(place.channels, 1)
    else:
        tally.batch_norm()
        tally.conv_bn(narrow, 1)
        tally.conv_bn(narrow, 3, place.stride)
        tally.conv(place.channels, 1)
