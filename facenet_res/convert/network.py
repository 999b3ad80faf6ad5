"""An IResNet as its parts, whatever file they came from, and the same as Keras weights of ours.

Arrays are laid out as in PyTorch (convolutions OIHW, the dense layer over
channels, height, width). Turning them into ours is written here once.

Source: deepinsight/insightface, recognition/arcface_torch/backbones/iresnet.py.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import IRESNET_BLOCKS, STAGE_CHANNELS, stage_channels

BN_EPSILON = 1e-5
FINAL_SIDE_PX = 7
PIXEL_MEAN = 127.5
PIXEL_SCALE = 127.5
OFFSET_MAX = 1e-4

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Norm:
    """Batch normalisation; without `mean` and `variance` the affine function that is left of one.

    Where a file has the normalisation folded into its neighbours, `identity` or an affine
    function stands for it: gamma = scale, beta = shift, mean 0, variance 1 - epsilon.
    """

    gamma: Array
    beta: Array
    mean: Array
    variance: Array
    epsilon: float = BN_EPSILON

    @classmethod
    def affine(cls, scale: Array, shift: Array) -> "Norm":
        """Scales and moves each channel: x * scale + shift."""
        one = np.full_like(scale, 1.0 - BN_EPSILON)
        return cls(scale, shift, np.zeros_like(scale), one)

    @classmethod
    def identity(cls, channels: int) -> "Norm":
        """Changes nothing."""
        return cls.affine(np.ones(channels, np.float32), np.zeros(channels, np.float32))

    def tensors(self, name: str, *, has_scale: bool = True) -> dict[str, Array]:
        """Our variables; another epsilon than ours goes into the variance."""
        found = {
            f"{name}/beta": self.beta,
            f"{name}/moving_mean": self.mean,
            f"{name}/moving_variance": self.variance + np.float32(self.epsilon - BN_EPSILON),
        }
        return found | ({f"{name}/gamma": self.gamma} if has_scale else {})


@dataclass(frozen=True, slots=True)
class Block:
    """BN, conv, BN, PReLU, conv with the stride, BN; the shortcut is a convolution or nothing."""

    norm1: Norm
    kernel1: Array
    norm2: Norm
    slope: Array
    kernel2: Array
    norm3: Norm
    shortcut_kernel: Array | None = None
    shortcut_norm: Norm | None = None
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Network:
    """The parts of an IResNet in their order.

    `depthwise_kernel` [C, 1, 7, 7] and its norm stand for the head "gdc". `flattens_channels_last`
    says in which order the dense layer [outputs, inputs] meets the values of the last map.
    """

    stem_kernel: Array
    stem_norm: Norm
    stem_slope: Array
    stem_stride: int
    blocks: tuple[Block, ...]
    head_norm: Norm
    dense_kernel: Array
    dense_bias: Array
    embedding_norm: Norm
    depthwise_kernel: Array | None = None
    depthwise_norm: Norm | None = None
    flattens_channels_last: bool = False


@dataclass(frozen=True, slots=True)
class SourceInput:
    """How a source's network wants its pixels: (value - mean) / scale, then * gain + offset.

    Attributes:
        mean: subtracted before the network, 0 where the graph does it itself.
        scale: divided by before the network.
        colour_order: "RGB" or "BGR".
        gain: of the graph's own first steps, one value or three in its colour order.
        offset: the same, added.
    """

    mean: float = PIXEL_MEAN
    scale: float = PIXEL_SCALE
    colour_order: str = "RGB"
    gain: Array = field(default_factory=lambda: np.ones(1, np.float32))
    offset: Array = field(default_factory=lambda: np.zeros(1, np.float32))


def keras_weights(network: Network, source: SourceInput) -> tuple[dict[str, Array], ModelConfig]:
    """The weights by our names and in our layouts, and the config of the network they fill.

    Raises:
        ArtifactInvalid: depth, widths or head are none that a ModelConfig describes, or the
            source's normalisation cannot be written as ours.
    """
    stages = _stages(network.blocks)
    config = _config(network, stages)
    tensors = {"stem_conv/kernel": _hwio(_stem_kernel(network.stem_kernel, source))}
    tensors |= network.stem_norm.tensors("stem_bn")
    tensors["stem_prelu/alpha"] = _slopes(network.stem_slope, network.stem_kernel)
    for stage, blocks in enumerate(stages, start=1):
        for number, block in enumerate(blocks, start=1):
            tensors |= _block_tensors(block, f"stage{stage}_block{number}")
    tensors |= _head_tensors(network)
    return {
        name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()
    }, config


def _stages(blocks: tuple[Block, ...]) -> list[list[Block]]:
    """A convolution in the shortcut begins a stage; with a half stem the first has none."""
    stages: list[list[Block]] = []
    for block in blocks:
        if not stages or block.shortcut_kernel is not None:
            stages.append([])
        stages[-1].append(block)
    return stages


def _config(network: Network, stages: list[list[Block]]) -> ModelConfig:
    counts = tuple(len(blocks) for blocks in stages)
    depth = next((depth for depth, known in IRESNET_BLOCKS.items() if known == counts), None)
    if depth is None:
        raise ArtifactInvalid(
            f"its stages have {counts} blocks, an IResNet's {sorted(IRESNET_BLOCKS.values())}"
        )
    strides = [[block.stride for block in blocks] for blocks in stages]
    is_half = network.stem_stride == 2
    wanted = [[1 if is_half and n == 0 else 2, *[1] * (counts[n] - 1)] for n in range(len(counts))]
    if strides != wanted:
        raise ArtifactInvalid(f"its blocks have strides {strides}, an IResNet's are {wanted}")
    channels = tuple(blocks[0].kernel2.shape[0] for blocks in stages)
    width = channels[0] / STAGE_CHANNELS[0]
    if stage_channels(width) != channels:
        raise ArtifactInvalid(f"its stages are {channels} wide, not in proportion {STAGE_CHANNELS}")
    head = "flatten" if network.depthwise_kernel is None else "gdc"
    values = channels[-1] * (FINAL_SIDE_PX**2 if head == "flatten" else 1)
    dim, inputs = network.dense_kernel.shape
    if inputs != values:
        raise ArtifactInvalid(
            f"its dense layer takes {inputs} values, {values} come of a face of 112 px"
        )
    try:
        return ModelConfig(
            depth=depth,
            width=width,
            stem="half" if is_half else "full",
            head="flatten" if head == "flatten" else "gdc",
            embedding_dim=dim,
        )
    except ConfigInvalid as error:
        raise ArtifactInvalid(str(error)) from error


def _stem_kernel(kernel: Array, source: SourceInput) -> Array:
    """The first convolution for (value - 127.5) / 127.5 in RGB."""
    gain = source.gain * PIXEL_SCALE / source.scale
    offset = source.gain * (PIXEL_MEAN - source.mean) / source.scale + source.offset
    if np.abs(offset).max() > OFFSET_MAX * np.abs(gain).max():
        raise ArtifactInvalid(
            f"its input is (value - {source.mean:g}) / {source.scale:g}, then * {source.gain} + "
            f"{source.offset}: that makes {offset} of the grey {PIXEL_MEAN}, where ours makes 0; "
            "give --mean and --scale as the source is fed, or serve it as it is (--as-is)"
        )
    scaled: Array = kernel * gain.reshape(1, -1, 1, 1).astype(np.float32)
    return scaled[:, ::-1] if source.colour_order == "BGR" else scaled


def _block_tensors(block: Block, name: str) -> dict[str, Array]:
    tensors = block.norm1.tensors(f"{name}_bn1")
    tensors[f"{name}_conv1/kernel"] = _hwio(block.kernel1)
    tensors |= block.norm2.tensors(f"{name}_bn2")
    tensors[f"{name}_prelu/alpha"] = _slopes(block.slope, block.kernel1)
    tensors[f"{name}_conv2/kernel"] = _hwio(block.kernel2)
    tensors |= block.norm3.tensors(f"{name}_bn3")
    if block.shortcut_kernel is not None and block.shortcut_norm is not None:
        tensors[f"{name}_shortcut_conv/kernel"] = _hwio(block.shortcut_kernel)
        tensors |= block.shortcut_norm.tensors(f"{name}_shortcut_bn")
    return tensors


def _head_tensors(network: Network) -> dict[str, Array]:
    tensors = network.head_norm.tensors("head_bn")
    kernel, norm = network.dense_kernel, network.embedding_norm
    if network.depthwise_kernel is not None and network.depthwise_norm is not None:
        # [C, 1, H, W] to Keras' [H, W, C, 1].
        tensors["head_depthwise/kernel"] = network.depthwise_kernel.transpose(2, 3, 0, 1)
        tensors |= network.depthwise_norm.tensors("head_depthwise_bn")
    elif not network.flattens_channels_last:
        side = FINAL_SIDE_PX
        maps = kernel.reshape(len(kernel), -1, side, side)
        kernel = maps.transpose(0, 2, 3, 1).reshape(len(kernel), -1)
    # Our last BN has no gamma: the dense layer takes it.
    tensors["head_dense/kernel"] = (kernel * norm.gamma[:, None]).T
    tensors["head_dense/bias"] = network.dense_bias * norm.gamma
    last = Norm(norm.gamma, norm.beta, norm.mean * norm.gamma, norm.variance, norm.epsilon)
    return tensors | last.tensors("embedding", has_scale=False)


def _hwio(kernel: Array) -> Array:
    return kernel.transpose(2, 3, 1, 0)


def _slopes(slope: Array, kernel: Array) -> Array:
    """PReLU's slopes [1, 1, C] behind a convolution; one slope for all is repeated."""
    return np.broadcast_to(slope.reshape(-1), (len(kernel),)).reshape(1, 1, -1)
