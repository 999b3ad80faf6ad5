"""The blocks of the classic ResNets, post- and pre-activation, with or without the skip.

The block's stride sits in a 3x3 convolution. The papers put a bottleneck's into
its first 1x1, which throws three of four places away unseen; weights are the same,
and accuracy is better this way ("v1.5", torchvision's). `is_stride_first` is the
papers' form, for weights that were trained so.
"""

from typing import Any

import keras
from keras import layers, ops

from facenet_res.models.blocks import batch_norm, conv
from facenet_res.models.plan import BOTTLENECK_RATIO, Place, Skip

# He et al. 2015, arXiv:1502.01852. By name: each layer then draws its own weights.
INITIALIZER = "he_normal"


class PaddedShortcut(keras.layers.Layer):
    """Option A of the paper: every `stride`-th place, and zeros for the new channels.

    It has no weights: a residual network with it is as large as its plain twin.
    """

    def __init__(self, channels: int, stride: int, **options: Any) -> None:
        super().__init__(**options)
        self.channels = channels
        self.stride = stride

    def call(self, inputs: Any) -> Any:
        """float[B, H, W, C] -> float[B, H / stride, W / stride, channels]."""
        kept = inputs[:, :: self.stride, :: self.stride, :]
        return ops.pad(kept, [[0, 0], [0, 0], [0, 0], [0, self.channels - inputs.shape[-1]]])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of `call`'s result, so that building a network computes nothing."""
        batch, height, width, _ = input_shape
        sides = (None if side is None else -(-side // self.stride) for side in (height, width))
        return (batch, *sides, self.channels)

    def get_config(self) -> dict[str, Any]:
        """What the layer was made with, for Keras' own files."""
        return {**super().get_config(), "channels": self.channels, "stride": self.stride}


def basic_block(x: Any, place: Place, skip: Skip) -> Any:
    """Two 3x3 convolutions, plus the input, then ReLU.

    Args:
        x: float[B, H, W, C], not negative.
        place: gives the output's channels, the stride and the layers' names.
        skip: what carries the input past the block; "none" makes it plain.

    Returns:
        float[B, H / stride, W / stride, channels], not negative.

    Source:
        He et al. 2015, arXiv:1512.03385, figure 5 left.
    """
    y = _conv_bn(x, place.channels, 3, place.stride, f"{place.name}_conv1")
    y = layers.ReLU(name=f"{place.name}_relu1")(y)
    y = _conv_bn(y, place.channels, 3, 1, f"{place.name}_conv2")
    y = _joined(y, _carried(x, place, skip), place)
    return layers.ReLU(name=f"{place.name}_relu2")(y)


def bottleneck_block(x: Any, place: Place, skip: Skip) -> Any:
    """1x1, 3x3 on a quarter of the channels, 1x1, plus the input, then ReLU.

    Arguments and result are those of `basic_block`.

    Source:
        He et al. 2015, arXiv:1512.03385, figure 5 right; the stride as the module says.
    """
    narrow = place.channels // BOTTLENECK_RATIO
    first, second = (place.stride, 1) if place.is_stride_first else (1, place.stride)
    y = _conv_bn(x, narrow, 1, first, f"{place.name}_conv1")
    y = layers.ReLU(name=f"{place.name}_relu1")(y)
    y = _conv_bn(y, narrow, 3, second, f"{place.name}_conv2")
    y = layers.ReLU(name=f"{place.name}_relu2")(y)
    y = _conv_bn(y, place.channels, 1, 1, f"{place.name}_conv3")
    y = _joined(y, _carried(x, place, skip), place)
    return layers.ReLU(name=f"{place.name}_relu3")(y)


def preact_block(x: Any, place: Place, skip: Skip) -> Any:
    """A bottleneck with BN and ReLU before each convolution and nothing after the sum.

    The input passes unchanged, whatever its sign. Where the shape changes, the projection starts
    after the first BN and ReLU, as in the authors' code, and has no BN of its own.

    Args:
        x: float[B, H, W, C].
        place: gives the output's channels, the stride and the layers' names.
        skip: what carries the input past the block; "none" makes it plain.

    Returns:
        float[B, H / stride, W / stride, channels].

    Source:
        He et al. 2016, arXiv:1603.05027, figure 4e.
    """
    narrow = place.channels // BOTTLENECK_RATIO
    activated = bn_relu(x, f"{place.name}_bn1")
    y = _conv(activated, narrow, 1, 1, f"{place.name}_conv1")
    y = bn_relu(y, f"{place.name}_bn2")
    y = _conv(y, narrow, 3, place.stride, f"{place.name}_conv2")
    y = bn_relu(y, f"{place.name}_bn3")
    y = _conv(y, place.channels, 1, 1, f"{place.name}_conv3")
    source = activated if _changes_shape(x, place) else x
    return _joined(y, _carried(source, place, skip, is_normalised=False), place)


def bn_relu(x: Any, name: str) -> Any:
    """Batch normalisation, called `name`, and ReLU: `bn` in the name becomes `relu`."""
    return layers.ReLU(name=name.replace("bn", "relu"))(batch_norm(x, name=name))


def _carried(x: Any, place: Place, skip: Skip, *, is_normalised: bool = True) -> Any:
    """The input in the shape of the block's output; None in a plain network."""
    if skip == "none":
        return None
    if not _changes_shape(x, place):
        return x
    name = f"{place.name}_shortcut"
    if skip == "padding":
        return PaddedShortcut(place.channels, place.stride, name=name)(x)
    if is_normalised:
        return _conv_bn(x, place.channels, 1, place.stride, f"{name}_conv")
    return _conv(x, place.channels, 1, place.stride, f"{name}_conv")


def _changes_shape(x: Any, place: Place) -> bool:
    return place.stride != 1 or x.shape[-1] != place.channels


def _joined(y: Any, carried: Any, place: Place) -> Any:
    return y if carried is None else layers.Add(name=f"{place.name}_add")([y, carried])


def _conv_bn(x: Any, channels: int, kernel_px: int, stride: int, name: str) -> Any:
    return batch_norm(_conv(x, channels, kernel_px, stride, name), name=name.replace("conv", "bn"))


def _conv(x: Any, channels: int, kernel_px: int, stride: int, name: str) -> Any:
    return conv(x, channels, kernel_px, stride=stride, name=name, initializer=INITIALIZER)
