"""Everything that decides a training run: one frozen dataclass, made by a recipe."""

from dataclasses import asdict, dataclass, field
from typing import Any

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsConfig:
    """Pairs of photographs that a run is judged by as it goes, such as LFW's.

    For looking on only: what chooses settings should be the held-out identities.

    Attributes:
        images: folder or zip of photographs, `NAME/NAME_0001.jpg`; "" for none. Their faces are
            found and aligned once, at the run's start.
        file: the pairs, in LFW's format.
        every: steps between two looks; 0 for the last step only.
    """

    images: str = ""
    file: str = ""
    every: int = 0

    def __post_init__(self) -> None:
        if bool(self.images) != bool(self.file) or self.every < 0:
            raise ConfigInvalid(
                "pairs.images and pairs.file are given together, and pairs.every is >= 0; "
                f"got {self}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """A run from the first step to the last.

    Attributes:
        name: of the run; part of the model id.
        crops: zip or folder of aligned crops; relative paths start at FACENET_RES_DATA.
        more_crops: further sets that are trained on; identities are merged by name. People are
            held out of `crops` alone, and their crops in further sets are left out.
        start: weights to begin from: a file of an earlier run, a model's name ("default",
            "dlib-resnet"), "" for fresh ones. They have to be of the same network.
        adapt_start: the start is another network's trunk. Batch normalisations get the statistics
            of training crops without changing what they compute; the head and the teachers' maps
            begin as ridge regressions of the teachers' embeddings. Needs a teacher of the
            embedding's length.
        teachers: ONNX embedding networks, or models by name. The first whose embedding has the
            student's length is met in the student's own space; every other through a linear map
            that is trained along and not exported. One whose embeddings lie around one direction
            is centred; see `train.teacher.Teacher.centre`. Relative paths start at
            FACENET_RES_DATA.
        doubted: CSV with a column `file` that names crops whose label is not to be trusted, as
            `facenet-res develop data clean` writes it; "" for none.
        model: the network.
        loss: what is minimised.
        optimizer: how.
        input: how batches are made.
        augment: what happens to a crop.
        pairs: what the run is judged by besides the held-out identities.
        devices: GPUs, or other devices of JAX, that share each batch; on the other backends 1.
        steps: batches to learn from.
        precision: Keras dtype policy, "float32", "mixed_bfloat16" or "mixed_float16".
        held_out_identities: identities kept for validation.
        held_out_unlabelled: crops without identity kept for figures per group.
        crops_per_identity_min: of a held-out identity.
        statistics_crops: plain training crops by which batch normalisation's statistics are
            measured before the weights are evaluated or saved; 0 keeps the running ones.
        validate_every: steps between two looks at the validation set.
        save_every_s: seconds between two checkpoints, of which the last two are kept. A kill loses
            at most so much work, and the step that it falls in; where the newest one is damaged
            besides, twice as much: with the default still less than a minute. Looks are saved
            before and after: one that is broken off is taken again, however long it takes.
    """

    name: str
    crops: str = "crops.zip"
    more_crops: tuple[str, ...] = ()
    start: str = ""
    adapt_start: bool = False
    teachers: tuple[str, ...] = ()
    doubted: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    input: InputConfig = field(default_factory=InputConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    devices: int = 1
    steps: int = 10_000
    precision: str = "mixed_bfloat16"
    held_out_identities: int = 150
    held_out_unlabelled: int = 4000
    crops_per_identity_min: int = 10
    statistics_crops: int = 0
    validate_every: int = 1000
    save_every_s: float = 25.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.validate_every < 1 or not self.save_every_s > 0:
            raise ConfigInvalid(
                f"need steps >= 1, validate_every >= 1, save_every_s > 0, got {self.steps}, "
                f"{self.validate_every}, {self.save_every_s}"
            )
        if bool(self.loss.distillation_weight) != bool(self.teachers):
            raise ConfigInvalid(
                "teachers and loss.distillation_weight go together: got "
                f"{len(self.teachers)} teachers and a weight of {self.loss.distillation_weight}"
            )
        if len(self.loss.teacher_weights) not in (0, len(self.teachers)):
            raise ConfigInvalid(
                f"loss.teacher_weights must have a value for each of {len(self.teachers)} "
                f"teachers, got {self.loss.teacher_weights}"
            )
        if self.adapt_start and not (self.start and self.teachers):
            raise ConfigInvalid("adapt_start needs a start and a teacher")
        if self.statistics_crops < 0:
            raise ConfigInvalid(f"statistics_crops must be >= 0, got {self.statistics_crops}")
        if min(self.held_out_identities, self.held_out_unlabelled) < 0:
            raise ConfigInvalid(
                "need held_out_identities >= 0 and held_out_unlabelled >= 0, got "
                f"{self.held_out_identities} and {self.held_out_unlabelled}"
            )
        if self.precision not in PRECISIONS:
            raise ConfigInvalid(f"precision must be in {PRECISIONS}, got {self.precision!r}")
        if self.devices < 1 or self.input.batch_size % self.devices:
            raise ConfigInvalid(
                f"devices must be >= 1 and divide input.batch_size {self.input.batch_size}, "
                f"got {self.devices}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The values as nested plain dictionaries, for JSON."""
        return asdict(self)
