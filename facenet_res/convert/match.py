"""Finds the IResNet in a graph: by what follows what, never by names.

A normalisation may be a node, an affine remnant, or folded into its
convolution; whatever stands between two convolutions is composed, and the
function of the network stays the same.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.convert.graph import NO_PADS, Array, Graph, Kind, Node, Pads
from facenet_res.convert.network import Block, Network, Norm
from facenet_res.core.errors import ArtifactInvalid

BLOCKS_MAX = 1000
PAD_1: Pads = (1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Matched:
    """A network, and what its graph does to the input before the first convolution."""

    network: Network
    gain: Array
    offset: Array
    normalises_input: bool


def match_iresnet(graph: Graph) -> Matched:
    """Follows the graph from the faces to the embeddings.

    Raises:
        ArtifactInvalid: it is no IResNet; the message names the node where it parts from one.
    """
    walk = _Walk(graph)
    gain, offset, normalises_input = walk.input_affine()
    stem, stem_norm = walk.conv_and_norm(3)
    slope = walk.step("prelu").weights["slope"]
    blocks = []
    while walk.is_at_block():
        blocks.append(_block(walk))
        if len(blocks) > BLOCKS_MAX:
            raise ArtifactInvalid(f"the graph has over {BLOCKS_MAX} blocks")
    if not blocks:
        raise walk.fault("a residual block")
    head_norm = walk.norm(blocks[-1].kernel2.shape[0], None)
    depthwise = depthwise_norm = None
    if walk.is_next("depthwise"):
        node = walk.conv("depthwise", NO_PADS)
        depthwise = node.weights["kernel"]
        depthwise_norm = walk.norm(len(depthwise), node.weights.get("bias"))
    walk.step("flatten")
    dense = walk.step("dense")
    outputs = len(dense.weights["kernel"])
    norm = walk.norm(outputs, None)
    walk.check_end()
    network = Network(
        stem_kernel=stem.weights["kernel"],
        stem_norm=stem_norm,
        stem_slope=slope,
        stem_stride=stem.stride,
        blocks=tuple(blocks),
        head_norm=head_norm,
        dense_kernel=dense.weights["kernel"],
        dense_bias=dense.weights.get("bias", np.zeros(outputs, np.float32)),
        embedding_norm=norm,
        depthwise_kernel=depthwise,
        depthwise_norm=depthwise_norm,
        flattens_channels_last=graph.is_channels_last,
    )
    return Matched(network, gain, offset, normalises_input)


def _block(walk: "_Walk") -> Block:
    main, shortcut = walk.branches()
    norm1 = main.norm(None, None)
    conv1, norm2 = main.conv_and_norm(3)
    slope = main.step("prelu").weights["slope"]
    conv2, norm3 = main.conv_and_norm(3)
    kernel = norm = None
    if shortcut.is_next("conv"):
        conv, norm = shortcut.conv_and_norm(1)
        kernel = conv.weights["kernel"]
        if conv.stride != conv2.stride:
            raise ArtifactInvalid(
                f"{conv.label} has stride {conv.stride}, its block has {conv2.stride}"
            )
    if conv1.stride != 1:
        raise ArtifactInvalid(
            f"{conv1.label} has stride {conv1.stride}: an IResNet has it in the second convolution"
        )
    walk.at = main.joined(shortcut)
    return Block(
        norm1=norm1,
        kernel1=conv1.weights["kernel"],
        norm2=norm2,
        slope=slope,
        kernel2=conv2.weights["kernel"],
        norm3=norm3,
        shortcut_kernel=kernel,
        shortcut_norm=norm,
        stride=conv2.stride,
    )


class _Walk:
    """A place in the graph: the tensor that was reached."""

    def __init__(self, graph: Graph, at: str | None = None) -> None:
        self._graph = graph
        self.at = graph.source if at is None else at
        self._first: Node | None = None

    def is_next(self, kind: Kind) -> bool:
        following = self._following()
        return len(following) == 1 and following[0].kind == kind

    def step(self, kind: Kind) -> Node:
        """The only node that takes this tensor, which must be of a kind."""
        if not self.is_next(kind):
            raise self.fault(f"a node of kind {kind}")
        (node,) = self._following()
        self.at, self._first = node.output, None
        return node

    def conv(self, kind: Kind, pads: Pads) -> Node:
        """A convolution, with the padding that may stand before it as a node."""
        before = self.step("pad").pads if self.is_next("pad") else NO_PADS
        node = self.step(kind)
        top, left, bottom, right = (a + b for a, b in zip(before, node.pads, strict=True))
        whole = (top, left, bottom, right)
        if whole != pads:
            raise ArtifactInvalid(
                f"{node.label} pads {whole} px (top, left, bottom, right), an IResNet {pads}; "
                "with another padding the same weights compute something else"
            )
        return node

    def conv_and_norm(self, kernel_px: int) -> tuple[Node, Norm]:
        """A square convolution and what normalises its channels."""
        node = self.conv("conv", PAD_1 if kernel_px == 3 else NO_PADS)
        shape = node.weights["kernel"].shape
        if shape[2:] != (kernel_px, kernel_px):
            raise ArtifactInvalid(f"{node.label} is {shape[2:]} px large, wanted {kernel_px}")
        return node, self.norm(shape[0], node.weights.get("bias"))

    def norm(self, channels: int | None, bias: Array | None) -> Norm:
        """Whatever normalises or moves the channels from here on, as one batch normalisation."""
        nodes = []
        while self.is_next("norm") or self.is_next("affine"):
            nodes.append(self.step(self._following()[0].kind))
        if channels is None and not nodes:
            raise self.fault("a batch normalisation")
        if len(nodes) == 1 and nodes[0].kind == "norm":
            found = _norm_of(nodes[0])
            # (Wx + b) - mean = Wx - (mean - b)
            return found if bias is None else replace(found, mean=found.mean - bias)
        size = channels or max(_affine_of(node)[0].size for node in nodes)
        scale = np.ones(size, np.float64)
        shift = np.zeros(size, np.float64) if bias is None else bias.astype(np.float64)
        for node in nodes:
            factor, term = _affine_of(node)
            scale, shift = scale * factor, shift * factor + term
        return Norm.affine(scale.astype(np.float32), shift.astype(np.float32))

    def input_affine(self) -> tuple[Array, Array, bool]:
        """What the graph does to the pixels, as gain and offset, and whether it does anything."""
        gain, offset, is_there = np.ones(1), np.zeros(1), False
        while self.is_next("affine") or self.is_next("norm"):
            factor, term = _affine_of(self.step(self._following()[0].kind))
            gain, offset, is_there = gain * factor, offset * factor + term, True
        if gain.size not in (1, 3) or offset.size not in (1, 3):
            raise ArtifactInvalid(f"the input is scaled by {gain.size} values, wanted 1 or 3")
        return gain.astype(np.float32), offset.astype(np.float32), is_there

    def is_at_block(self) -> bool:
        return len(self._following()) == 2

    def branches(self) -> tuple["_Walk", "_Walk"]:
        """The branch that begins with a normalisation, and the shortcut."""
        first, second = self._following()
        if first.kind not in ("norm", "affine"):
            first, second = second, first
        if first.kind not in ("norm", "affine") or second.kind not in ("add", "conv", "pad"):
            raise self.fault("a normalisation and a shortcut")
        return self._begun(first), self._begun(second)

    def joined(self, other: "_Walk") -> str:
        """The output of the sum in which two branches end."""
        node = self.step("add")
        if other.is_next("add") and other.step("add") is node:
            return node.output
        raise other.fault(f"the end of the shortcut in {node.label}")

    def check_end(self) -> None:
        if self.at != self._graph.target or self._following():
            raise self.fault("the end of the network")

    def fault(self, wanted: str) -> ArtifactInvalid:
        found = [node.label for node in self._following()] or ["nothing"]
        return ArtifactInvalid(f"no IResNet: after {self.at!r} comes {found}, wanted {wanted}")

    def _begun(self, node: Node) -> "_Walk":
        walk = _Walk(self._graph, self.at)
        walk._first = node
        return walk

    def _following(self) -> list[Node]:
        # At a fork the branch is known already.
        return [self._first] if self._first else self._graph.takers(self.at)


def _norm_of(node: Node) -> Norm:
    weights = node.weights
    return Norm(
        weights["gamma"], weights["beta"], weights["mean"], weights["variance"], node.epsilon
    )


def _affine_of(node: Node) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Scale and shift of a normalisation or of an affine node."""
    weights = node.weights
    if node.kind == "affine":
        return weights["scale"], weights["shift"]
    deviation = np.sqrt(weights["variance"].astype(np.float64) + node.epsilon)
    scale = weights["gamma"] / deviation
    return scale, weights["beta"] - weights["mean"] * scale
