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
# Source: dlib's examples/dnn_face_recognition_ex.cpp.
DLIB_BLOCKS = (3, 4, 3, 3, 1)
DLIB_CHANNELS = (32, 64, 128, 256, 256)
CHANNELS_MULTIPLE = 8


def stage_channels(width: float) -> tuple[int, int, int, int]:
    """Channels of the four stages at a width multiplier, rounded to a multiple of 8.

    A multiple of 8 because vector units and int8 kernels work in such groups.
    """
    first, second, third, fourth = (widened(each, width) for each in STAGE_CHANNELS)
    return first, second, third, fourth


def dlib_channels(width: float) -> tuple[int, ...]:
    """Channels of the five stages of dlib's form, rounded to a multiple of 8."""
    return tuple(widened(each, width) for each in DLIB_CHANNELS)


def widened(channels: int, width: float) -> int:
    """Channels at a width multiplier, rounded to a multiple of 8."""
    return max(CHANNELS_MULTIPLE, round(channels * width / CHANNELS_MULTIPLE) * CHANNELS_MULTIPLE)
