"""The classic ResNet in the form of dlib's face network: 29 convolutions, ReLU, average pooling.

dlib samples a 150 px crop, wider than ours: the network's first layer samples it from our 112 px
crop. Each convolution is followed by batch normalisation; dlib's published network has a constant
scale there, which `core.dlib.weights` turns into a normalisation that computes the same.
"""

from typing import Any

import keras
from keras import layers, ops

from facenet_res.core.face_template import chip_samples
from facenet_res.models.blocks import batch_norm
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import DLIB_BLOCKS, dlib_channels
from facenet_res.models.layers import AveragePooling2D, Conv2D, MaxPooling2D
from facenet_res.models.residual import INITIALIZER


class ChipSampling(keras.layers.Layer):
    """Samples dlib's 150 px crop from our 112 px one, bilinearly; no weights."""

    def __init__(self, **options: Any) -> None:
        """Computes the weights of the samples."""
        super().__init__(**options)
        self._rows, self._columns = chip_samples()

    def call(self, inputs: Any) -> Any:
        """float[B, 112, 112, 3] -> float[B, 150, 150, 3]."""
        rows, columns = (ops.cast(each, inputs.dtype) for each in (self._rows, self._columns))
        # Channels first: both are then products of large matrices.
        planes = ops.transpose(inputs, (0, 3, 1, 2))
        planes = ops.matmul(ops.matmul(rows, planes), ops.transpose(columns))
        return ops.transpose(planes, (0, 2, 3, 1))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of `call`'s result."""
        return (input_shape[0], len(self._rows), len(self._columns), input_shape[-1])


class ZeroFilled(keras.layers.Layer):
    """Appends zeros behind the last row, column and channel, up to a size; no weights."""

    def __init__(self, side_px: int, channels: int, **options: Any) -> None:
        """Sets the size of the output."""
        super().__init__(**options)
        self.side_px = side_px
        self.channels = channels

    def call(self, inputs: Any) -> Any:
        """float[B, H, H, C] -> float[B, side_px, side_px, channels]."""
        px = self.side_px - inputs.shape[1]
        return ops.pad(inputs, [[0, 0], [0, px], [0, px], [0, self.channels - inputs.shape[-1]]])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of `call`'s result."""
        return (input_shape[0], self.side_px, self.side_px, self.channels)

    def get_config(self) -> dict[str, Any]:
        """What the layer was made with, for Keras' own files."""
        return {**super().get_config(), "side_px": self.side_px, "channels": self.channels}


def dlib_resnet(x: Any, config: ModelConfig) -> Any:
    """Normalised faces to embeddings, not yet of unit length.

    Args:
        x: float[B, 112, 112, 3], RGB, (value - 127.5) / 127.5.
        config: width and embedding_dim.

    Returns:
        float[B, embedding_dim].

    Source:
        The type `anet_type` in dlib's examples/dnn_face_recognition_ex.cpp.
    """
    channels = dlib_channels(config.width)
    x = ChipSampling(name="chip", dtype="float32")(x)
    x = _conv(x, channels[0], 7, stride=2, padding="valid", name="stem_conv")
    x = layers.ReLU(name="stem_relu")(batch_norm(x, name="stem_bn"))
    x = MaxPooling2D(3, strides=2, name="stem_pool")(x)
    for stage, (blocks, width) in enumerate(zip(DLIB_BLOCKS, channels, strict=True), start=1):
        for block in range(1, blocks + 1):
            is_halving = block == 1 and stage > 1
            x = _block(x, width, is_halving=is_halving, name=f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="head_mean")(x)
    return layers.Dense(config.embedding_dim, name="embedding")(x)


def _block(x: Any, channels: int, *, is_halving: bool, name: str) -> Any:
    """Two 3x3 convolutions, plus the input, then ReLU.

    A halving block's first convolution is not padded, and its shortcut is the mean of 2x2 places,
    filled with zero channels. Whichever of both has the smaller map is filled with zeros.
    """
    stride, padding = (2, "valid") if is_halving else (1, "same")
    y = _conv(x, channels, 3, stride=stride, padding=padding, name=f"{name}_conv1")
    y = layers.ReLU(name=f"{name}_relu1")(batch_norm(y, name=f"{name}_bn1"))
    y = _conv(y, channels, 3, stride=1, padding="same", name=f"{name}_conv2")
    y = batch_norm(y, name=f"{name}_bn2")
    if is_halving:
        x = AveragePooling2D(2, strides=2, name=f"{name}_shortcut_mean")(x)
    side_px = max(x.shape[1], y.shape[1])
    x, y = (
        _filled(x, side_px, channels, f"{name}_shortcut_fill"),
        _filled(y, side_px, channels, f"{name}_fill"),
    )
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, x]))


def _filled(x: Any, side_px: int, channels: int, name: str) -> Any:
    if x.shape[1] == side_px and x.shape[-1] == channels:
        return x
    return ZeroFilled(side_px, channels, name=name)(x)


def _conv(x: Any, channels: int, kernel_px: int, *, stride: int, padding: str, name: str) -> Any:
    return Conv2D(
        channels,
        kernel_px,
        strides=stride,
        padding=padding,
        use_bias=False,
        kernel_initializer=INITIALIZER,
        name=name,
    )(x)
