"""Everything that decides the experiment on depth: which networks, on what, how long."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier_config import ClassifierConfig, ClassifierFamily

SEEDS = (0,)  # each more costs a quarter of an hour of two cores; the plots then show bands
DEPTHS = (20, 56, 110)  # of He et al. 2015, figures 1 and 6
DEEPEST = 1001  # of He et al. 2016
# Settings that hold for some networks only, and are in the records of these.
OF_SOME = ("deepest_identities", "deepest_crops_each", "adam_learning_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One network under test, from one seed.

    Attributes:
        family: "cifar_resnet" or "cifar_preact".
        depth: layers with weights.
        is_plain: without the skips.
        seed: decides the weights at the start and the order of the batches.
        batch_size: crops a step.
        steps: to train for; 0 measures the start alone.
        optimizer: "sgd", or "adam", whose steps do not follow the gradient's length: with small
            batches that of a thousand layers differs a million-fold from first to last.
    """

    family: ClassifierFamily
    depth: int
    is_plain: bool
    seed: int
    batch_size: int
    steps: int
    optimizer: Literal["sgd", "adam"] = "sgd"

    @property
    def name(self) -> str:
        """Of the network and the seed, such as "cifar-plain110-seed0"."""
        return f"{self.network(classes=2).name}-seed{self.seed}"

    def network(self, classes: int) -> ClassifierConfig:
        """What to build."""
        return ClassifierConfig(
            family=self.family, depth=self.depth, is_plain=self.is_plain, classes=classes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthConfig:
    """What all networks of the experiment have in common, and which they are.

    Attributes:
        crops: zip or folder of aligned crops; a relative path starts at FACENET_RES_DATA.
        identities: people to tell apart, those with the most crops; at least 2.
        deepest_identities: people whom the pre-activation networks tell apart: fewer, since a step
            of theirs takes ten seconds here.
        deepest_crops_each: crops of each of these: so few that some steps can learn them by heart.
        crops_each: crops of each person, at least 1.
        learning_rate: of SGD with momentum 0.9 at its peak; nothing is clipped.
        adam_learning_rate: of Adam, where a network is trained by it.
        warmup_steps: of linear growth to the peak, from which it falls linearly to 0.
        weight_decay: as Keras has it for SGD: weights shrink by it times the rate, beside the
            momentum.
        save_every_s: seconds between two states of a network in training.
        subjects: the networks, in the order in which they are measured.

    Raises:
        ConfigInvalid: a value is out of range, or a batch is larger than the set.
    """

    crops: str = "crops.zip"
    identities: int = 10
    deepest_identities: int = 2
    deepest_crops_each: int = 4
    crops_each: int = 30
    learning_rate: float = 0.01
    adam_learning_rate: float = 0.0002
    warmup_steps: int = 20
    weight_decay: float = 1e-4
    save_every_s: float = 15.0
    subjects: tuple[Subject, ...]

    def __post_init__(self) -> None:
        if min(self.identities, self.deepest_identities) < 2 or (
            min(self.crops_each, self.deepest_crops_each) < 1
        ):
            raise ConfigInvalid(
                "need identities and deepest_identities >= 2, crops_each and deepest_crops_each "
                f">= 1, got {self.identities}, {self.deepest_identities}, {self.crops_each} and "
                f"{self.deepest_crops_each}"
            )
        if (
            min(self.learning_rate, self.adam_learning_rate) <= 0
            or self.weight_decay < 0
            or self.save_every_s < 0
        ):
            raise ConfigInvalid(
                "need learning_rate > 0, weight_decay >= 0 and save_every_s >= 0, got "
                f"{self.learning_rate}, {self.weight_decay} and {self.save_every_s}"
            )
        for subject in self.subjects:
            total = math.prod(self.set_size(subject))
            if not 2 <= subject.batch_size <= total or subject.steps < 0:
                raise ConfigInvalid(
                    f"{subject.name} needs a batch_size in [2, {total}] and steps >= 0, got "
                    f"{subject.batch_size} and {subject.steps}"
                )

    def set_size(self, subject: Subject) -> tuple[int, int]:
        """How many people a network has to tell apart, and how many crops there are of each."""
        if subject.family == "cifar_preact":
            return self.deepest_identities, self.deepest_crops_each
        return self.identities, self.crops_each

    def settings(self, subject: Subject) -> dict[str, Any]:
        """What a record of a subject holds for: all of this but the other networks."""
        common = {
            name: value
            for name, value in asdict(self).items()
            if name not in ("subjects", "save_every_s", *OF_SOME)
        }
        common["identities"], common["crops_each"] = self.set_size(subject)
        if subject.optimizer == "sgd":
            own = {name: value for name, value in asdict(subject).items() if name != "optimizer"}
        else:
            common["learning_rate"] = self.adam_learning_rate
            own = asdict(subject)
        # Where the set lies does not matter: its fingerprint is kept beside.
        return {**common, "crops": Path(self.crops).name, **own}


def depth_config(*, smoke: bool = False) -> DepthConfig:
    """The experiment of docs/depth.md; or, with `smoke`, one of seconds on any crops.

    The deepest network has small batches: what is kept for its gradients grows with both, some
    350 MB a crop at 1001 layers.
    """
    if smoke:
        shallow = _pairs((8,), seeds=(0,), batch_size=8, steps=3)
        deepest = Subject(
            family="cifar_preact", depth=11, is_plain=False, seed=0, batch_size=4, steps=3
        )
        return DepthConfig(
            identities=2,
            crops_each=5,
            deepest_crops_each=5,
            warmup_steps=1,
            subjects=(*shallow, deepest),
        )
    deepest = Subject(
        family="cifar_preact",
        depth=DEEPEST,
        is_plain=False,
        seed=0,
        batch_size=8,
        steps=40,
        optimizer="adam",
    )
    pairs = _pairs(DEPTHS, seeds=SEEDS, batch_size=32, steps=150)
    return DepthConfig(subjects=(*pairs, deepest))


def _pairs(
    depths: tuple[int, ...], *, seeds: tuple[int, ...], batch_size: int, steps: int
) -> tuple[Subject, ...]:
    """Each depth plain and residual, seed by seed."""
    return tuple(
        Subject(
            family="cifar_resnet",
            depth=depth,
            is_plain=is_plain,
            seed=seed,
            batch_size=batch_size,
            steps=steps,
        )
        for seed in seeds
        for depth in depths
        for is_plain in (True, False)
    )
