"""A network's graph with few kinds of nodes, as read from an ONNX or a Keras file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid

Array = NDArray[np.float32]
Kind = Literal[
    "conv", "depthwise", "pad", "norm", "affine", "prelu", "add", "flatten", "dense", "other"
]
Pads = tuple[int, int, int, int]
NO_PADS: Pads = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of the network.

    Attributes:
        kind: what it computes; "other" is nothing that an IResNet has.
        label: operator and name in the file, for messages.
        inputs: the tensors it takes, constants left out.
        output: the tensor it makes.
        weights: "kernel" (OIHW, or [outputs, inputs]), "bias", "slope"; "gamma", "beta", "mean",
            "variance"; or "scale", "shift".
        stride: of a convolution.
        pads: top, left, bottom, right, in px.
        epsilon: of a normalisation.
    """

    kind: Kind
    label: str
    inputs: tuple[str, ...]
    output: str
    weights: Mapping[str, Array] = field(default_factory=dict)
    stride: int = 1
    pads: Pads = NO_PADS
    epsilon: float = 1e-5


class Graph:
    """Nodes, and who takes what each of them makes."""

    def __init__(
        self,
        nodes: Iterable[Node],
        *,
        source: str,
        target: str,
        aliases: Mapping[str, str] | None = None,
        is_channels_last: bool = False,
    ) -> None:
        """A graph from one tensor to one tensor.

        Args:
            nodes: in any order.
            source: the tensor of the faces.
            target: the tensor of the embeddings.
            aliases: tensor -> the tensor that it equals, for steps that change nothing.
            is_channels_last: whether flattening takes height, width, channels in this order.
        """
        self._aliases = dict(aliases or {})
        self.source = source
        self.target = self.resolved(target)
        self.is_channels_last = is_channels_last
        self._takers: dict[str, list[Node]] = {}
        for node in nodes:
            for name in node.inputs:
                self._takers.setdefault(self.resolved(name), []).append(node)

    def resolved(self, tensor: str) -> str:
        """The tensor behind steps that change nothing."""
        seen = 0
        while tensor in self._aliases:
            tensor = self._aliases[tensor]
            seen += 1
            if seen > len(self._aliases):
                raise ArtifactInvalid(f"the graph runs in a circle at {tensor}")
        return tensor

    def takers(self, tensor: str) -> list[Node]:
        """The nodes that take a tensor."""
        return self._takers.get(self.resolved(tensor), [])
