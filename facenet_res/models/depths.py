"""How many blocks each stage has, by the depth a network is named after."""

# Source: deepinsight/insightface, recognition/arcface_torch/backbones/iresnet.py.
IRESNET_BLOCKS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 14, 3),
    100: (3, 13, 30, 3),
    200: (6, 26, 60, 6),
}
STAGE_CHANNELS = (64, 128, 256, 512)
CHANNELS_MULTIPLE = 8


def stage_channels(width: float) -> tuple[int, int, int, int]:
    """Channels of the four stages at a width multiplier, rounded to a multiple of 8.

    A multiple of 8 because vector units and int8 kernels work in such groups.
    """
    first, second, third, fourth = (
        max(CHANNELS_MULTIPLE, round(c * width / CHANNELS_MULTIPLE) * CHANNELS_MULTIPLE)
        for c in STAGE_CHANNELS
    )
    return first, second, third, fourth
