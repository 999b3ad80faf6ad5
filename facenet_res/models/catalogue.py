"""Every network that there is, by name; building none of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.models.census import Complexity, census
from facenet_res.models.classifier_config import RESNET_DEPTHS, ClassifierConfig, ClassifierFamily
from facenet_res.models.config import DLIB_DEPTH, IRESNET_DEPTHS, ModelConfig

CIFAR_CLASSES = 10
DLIB_NETWORK = ModelConfig(family="dlib_resnet", depth=DLIB_DEPTH, head="gap", embedding_dim=128)
# The depths of the papers; others of the form 6n + 2 and 9n + 2 are built as well.
CIFAR_DEPTHS: dict[ClassifierFamily, tuple[int, ...]] = {
    "cifar_resnet": (20, 32, 44, 56, 110, 1202),
    "cifar_preact": (164, 1001),
}


@dataclass(frozen=True, slots=True)
class Network:
    """A network as it is listed.

    Attributes:
        name: such as "iresnet50".
        config: what it is built from.
        complexity: its parameters, and its work for one image.
    """

    name: str
    config: ModelConfig | ClassifierConfig
    complexity: Complexity

    @property
    def is_embedding(self) -> bool:
        """Whether it embeds faces; the others tell classes apart."""
        return isinstance(self.config, ModelConfig)

    @property
    def input_side_px(self) -> int:
        """Height and width of the image that the work is counted for."""
        if isinstance(self.config, ModelConfig):
            return FACE_SIDE_PX
        return self.config.input_side_px

    @property
    def outputs(self) -> int:
        """Length of the embedding, or the number of classes."""
        if isinstance(self.config, ModelConfig):
            return self.config.embedding_dim
        return self.config.classes


def networks() -> Iterator[Network]:
    """Embedding networks, then classic and CIFAR's, each kind first with the skips, then plain."""
    for depth in IRESNET_DEPTHS:
        yield described(f"iresnet{depth}", ModelConfig(depth=depth))
    yield described("dlib-resnet29", DLIB_NETWORK)
    for is_plain in (False, True):
        for depth in RESNET_DEPTHS:
            config = ClassifierConfig(depth=depth, is_plain=is_plain)
            yield described(config.name, config)
    for is_plain in (False, True):
        for family, depths in CIFAR_DEPTHS.items():
            for depth in depths:
                config = ClassifierConfig(
                    family=family, depth=depth, is_plain=is_plain, classes=CIFAR_CLASSES
                )
                yield described(config.name, config)


def described(name: str, config: ModelConfig | ClassifierConfig) -> Network:
    """A network with its figures."""
    return Network(name, config, census(config))
