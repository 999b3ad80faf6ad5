"""What decides the shape of a classifying network, and nothing else.

The embedding network has its own ModelConfig, which is written beside weights.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.config import WIDTH_MAX, WIDTH_MIN

ClassifierFamily = Literal["resnet", "cifar_resnet", "cifar_preact"]

RESNET_DEPTHS = (18, 34, 50, 101, 152)
# A CIFAR network has 3 stages of n blocks with 2 or 3 convolutions, and 2 layers around them.
LAYERS_PER_CIFAR_STEP = {"cifar_resnet": 6, "cifar_preact": 9}
CIFAR_DEPTH_MAX = 1202  # the deepest of the paper; memory is what forbids more
CLASSES_MAX = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierConfig:
    """The shape of a residual network that tells classes apart, or of its plain twin.

    Attributes:
        family: "resnet", the classic network for photographs, basic blocks up to depth 34 and
            bottlenecks beyond; "cifar_resnet", basic blocks on 32x32 px; "cifar_preact",
            bottlenecks on 32x32 px with the activation before the convolution.
        depth: layers with weights: 18, 34, 50, 101 or 152; 6n + 2; or 9n + 2, up to 1202.
        is_plain: the same network without the skips, to compare with. Never better, and from
            some 50 layers on it hardly trains.
        classes: length of the output, 2 to 10,000,000.
        width: multiplier of the channels, 0.125 to 4; 1.0 is published.
        is_stride_first: a bottleneck halves the map in its first 1x1 convolution, as in the first
            paper and in keras.applications, and not in its 3x3 one ("v1.5", torchvision's).

    Raises:
        ConfigInvalid: a value lies outside its range.

    Source:
        He et al. 2015, arXiv:1512.03385; He et al. 2016, arXiv:1603.05027.
    """

    family: ClassifierFamily = "resnet"
    depth: int = 50
    is_plain: bool = False
    classes: int = 1000
    width: float = 1.0
    is_stride_first: bool = False

    def __post_init__(self) -> None:
        if self.family not in get_args(ClassifierFamily):
            raise ConfigInvalid(
                f"classifier.family must be in {get_args(ClassifierFamily)}, got {self.family!r}"
            )
        is_built, allowed = _depth_rule(self.family, self.depth)
        if not is_built:
            raise ConfigInvalid(f"classifier.depth must be {allowed}, got {self.depth!r}")
        if not WIDTH_MIN <= self.width <= WIDTH_MAX:
            raise ConfigInvalid(
                f"classifier.width must be in [{WIDTH_MIN}, {WIDTH_MAX}], got {self.width!r}"
            )
        if not 2 <= self.classes <= CLASSES_MAX:
            raise ConfigInvalid(
                f"classifier.classes must be in [2, {CLASSES_MAX}], got {self.classes!r}"
            )

    @property
    def name(self) -> str:
        """Of the network, such as "resnet50" or "cifar-plain20"."""
        kind = "plain" if self.is_plain else "resnet"
        if self.family == "resnet":
            return f"{kind}{self.depth}"
        return f"cifar-{kind}{self.depth}{'-preact' if self.family == 'cifar_preact' else ''}"

    @property
    def input_side_px(self) -> int:
        """Height and width of the image that published figures are for."""
        return 224 if self.family == "resnet" else 32


def _depth_rule(family: str, depth: int) -> tuple[bool, str]:
    if family == "resnet":
        return depth in RESNET_DEPTHS, f"in {RESNET_DEPTHS}"
    step = LAYERS_PER_CIFAR_STEP[family]
    is_built = step + 2 <= depth <= CIFAR_DEPTH_MAX and (depth - 2) % step == 0
    return is_built, f"{step}n + 2, from {step + 2} to {CIFAR_DEPTH_MAX}"
