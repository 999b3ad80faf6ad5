"""The IResNet in a PyTorch checkpoint of InsightFace's arcface_torch, by its names.

Source: deepinsight/insightface, recognition/arcface_torch/backbones/iresnet.py.
"""

import re
from collections.abc import Mapping

from facenet_res.convert.network import Array, Block, Network, Norm
from facenet_res.core.errors import ArtifactInvalid

STAGES = 4
# Counts batches in training and says nothing of the function.
_COUNTER = re.compile(r".*num_batches_tracked$")


def network_of_state(state: Mapping[str, Array]) -> Network:
    """Puts the tensors of a state_dict where they belong.

    Raises:
        ArtifactInvalid: a tensor is missing, left over or has another number of axes.
    """
    names = _Names(state)
    blocks = tuple(
        _block(names, f"layer{stage}.{number}", stride=2 if number == 0 else 1)
        for stage in range(1, STAGES + 1)
        for number in range(names.blocks_of(stage))
    )
    network = Network(
        stem_kernel=names.take("conv1.weight", 4),
        stem_norm=names.norm("bn1"),
        stem_slope=names.take("prelu.weight", 1),
        stem_stride=1,
        blocks=blocks,
        head_norm=names.norm("bn2"),
        dense_kernel=names.take("fc.weight", 2),
        dense_bias=names.take("fc.bias", 1),
        embedding_norm=names.norm("features"),
    )
    names.check_all_used()
    return network


def _block(names: "_Names", prefix: str, *, stride: int) -> Block:
    has_shortcut = f"{prefix}.downsample.0.weight" in names
    return Block(
        norm1=names.norm(f"{prefix}.bn1"),
        kernel1=names.take(f"{prefix}.conv1.weight", 4),
        norm2=names.norm(f"{prefix}.bn2"),
        slope=names.take(f"{prefix}.prelu.weight", 1),
        kernel2=names.take(f"{prefix}.conv2.weight", 4),
        norm3=names.norm(f"{prefix}.bn3"),
        shortcut_kernel=names.take(f"{prefix}.downsample.0.weight", 4) if has_shortcut else None,
        shortcut_norm=names.norm(f"{prefix}.downsample.1") if has_shortcut else None,
        stride=stride,
    )


class _Names:
    """The tensors by name; knows which were asked for."""

    def __init__(self, state: Mapping[str, Array]) -> None:
        self._state = {name: one for name, one in state.items() if not _COUNTER.match(name)}
        self._used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._state

    def take(self, name: str, rank: int) -> Array:
        if name not in self._state:
            raise ArtifactInvalid(
                f"the checkpoint lacks {name}: an IResNet of arcface_torch is wanted, this one has "
                f"{sorted(self._state)[:4]}, ..."
            )
        tensor = self._state[name]
        if tensor.ndim != rank:
            raise ArtifactInvalid(f"{name} must have {rank} axes, got shape {tensor.shape}")
        self._used.add(name)
        return tensor

    def norm(self, prefix: str) -> Norm:
        return Norm(
            gamma=self.take(f"{prefix}.weight", 1),
            beta=self.take(f"{prefix}.bias", 1),
            mean=self.take(f"{prefix}.running_mean", 1),
            variance=self.take(f"{prefix}.running_var", 1),
        )

    def blocks_of(self, stage: int) -> int:
        pattern = re.compile(rf"layer{stage}\.(\d+)\.conv1\.weight")
        numbers = sorted(int(m[1]) for name in self._state if (m := pattern.fullmatch(name)))
        if not numbers or numbers != list(range(len(numbers))):
            raise ArtifactInvalid(
                f"the checkpoint's layer{stage} has blocks {numbers}, wanted 0, 1, ...: it is no "
                "IResNet of arcface_torch"
            )
        return len(numbers)

    def check_all_used(self) -> None:
        unused = sorted(set(self._state) - self._used)
        if unused:
            raise ArtifactInvalid(
                f"{len(unused)} tensors of the checkpoint have no place in an IResNet, such as "
                f"{unused[:3]}"
            )
