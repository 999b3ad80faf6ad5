"""What decides the shape of an embedding network, and nothing else.

A ModelConfig is written beside every set of weights, so that weights are never
poured into a network of another shape.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from facenet_res.core.errors import ConfigInvalid

Family = Literal["iresnet", "dlib_resnet"]
Head = Literal["flatten", "gdc", "gap"]
Stem = Literal["full", "half"]

IRESNET_DEPTHS = (18, 34, 50, 100, 200)
DLIB_DEPTH = 29
EMBEDDING_DIM_MIN = 64
EMBEDDING_DIM_MAX = 1024
WIDTH_MIN = 0.125
WIDTH_MAX = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The shape of an embedding network.

    Attributes:
        family: the kind of residual network: "iresnet" is ArcFace's backbone, "dlib_resnet" the
            classic network in the form of dlib's, whose stem is "full" and whose head is "gap".
        depth: 18, 34, 50, 100 or 200; 29 for "dlib_resnet".
        width: multiplier of the channels; 1.0 gives 64, 128, 256, 512, for "dlib_resnet"
            32, 64, 128, 256, 256.
        stem: "full" keeps 112x112 px until stage 1 halves it, as published; "half" halves in the
            stem's convolution and not in stage 1, which trains about twice as fast on a CPU.
        head: how the last 7x7 map becomes a vector: "flatten" (dense over all of it, ArcFace's),
            "gdc" (a depthwise 7x7, then dense; MobileFaceNet's), "gap" (mean, then dense).
        embedding_dim: length of the embedding, 64 to 1024.
        dropout: share of the flattened map set to zero in training, in [0, 1).

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    family: Family = "iresnet"
    depth: int = 50
    width: float = 1.0
    stem: Stem = "full"
    head: Head = "flatten"
    embedding_dim: int = 512
    dropout: float = 0.0

    def __post_init__(self) -> None:
        is_dlib = self.family == "dlib_resnet"
        depths = (DLIB_DEPTH,) if is_dlib else IRESNET_DEPTHS
        heads = ("gap",) if is_dlib else get_args(Head)
        stems = ("full",) if is_dlib else get_args(Stem)
        checks = (
            ("family", self.family, self.family in get_args(Family), get_args(Family)),
            ("depth", self.depth, self.depth in depths, depths),
            ("width", self.width, WIDTH_MIN <= self.width <= WIDTH_MAX, (WIDTH_MIN, WIDTH_MAX)),
            ("stem", self.stem, self.stem in stems, stems),
            ("head", self.head, self.head in heads, heads),
            (
                "embedding_dim",
                self.embedding_dim,
                EMBEDDING_DIM_MIN <= self.embedding_dim <= EMBEDDING_DIM_MAX,
                (EMBEDDING_DIM_MIN, EMBEDDING_DIM_MAX),
            ),
            ("dropout", self.dropout, 0 <= self.dropout < 1, (0, 1)),
        )
        for name, value, is_valid, allowed in checks:
            if not is_valid:
                raise ConfigInvalid(f"model.{name} must be in {allowed}, got {value!r}")

    def to_dict(self) -> dict[str, Any]:
        """The values as a plain dictionary, for TOML and JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """The inverse of `to_dict`.

        Raises:
            ConfigInvalid: a key is unknown or a value is out of range.
        """
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigInvalid(
                f"unknown model keys {unknown}; known are {sorted(cls.__dataclass_fields__)}"
            )
        return cls(**values)
