"""IResNet, the backbone that ArcFace's published weights have."""

from typing import Any

from facenet_res.models.blocks import batch_norm, conv, ir_block, prelu
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import IRESNET_BLOCKS, stage_channels
from facenet_res.models.heads import embedding_head


def iresnet(x: Any, config: ModelConfig) -> Any:
    """Normalised faces to embeddings, not yet of unit length.

    The published stem keeps the full 112x112 px and each of the four stages
    halves it, so that the head sees 7x7. Our "half" stem halves at once, and
    stage 1 does not: the maps at 112 px are most of the memory traffic.

    Args:
        x: float[B, 112, 112, 3], RGB, (value - 127.5) / 127.5.
        config: depth, width, head, embedding_dim.

    Returns:
        float[B, embedding_dim].

    Source:
        deepinsight/insightface, recognition/arcface_torch/backbones/iresnet.py.
    """
    channels = stage_channels(config.width)
    has_half_stem = config.stem == "half"
    x = conv(x, channels[0], 3, stride=2 if has_half_stem else 1, name="stem_conv")
    x = batch_norm(x, name="stem_bn")
    x = prelu(x, name="stem_prelu")
    for stage, (blocks, width) in enumerate(
        zip(IRESNET_BLOCKS[config.depth], channels, strict=True), start=1
    ):
        for block in range(1, blocks + 1):
            is_halving = block == 1 and not (stage == 1 and has_half_stem)
            stride = 2 if is_halving else 1
            x = ir_block(x, width, stride=stride, name=f"stage{stage}_block{block}")
    return embedding_head(x, config)
