"""Random augmentation of crops: geometry, colour, blur, noise, JPEG, occlusion.

Every function takes and returns uint8[112, 112, 3] RGB; equal generator states give equal images,
so that a resumed run sees what an uninterrupted one sees.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import cv2
import numpy as np

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import FACE_SIDE_PX, Image

STRENGTH_MAX = 2.0
_LEVELS = np.arange(256, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """How likely and how strong each change is; probabilities in [0, 1].

    Attributes:
        strength: one number for all, in [0, 2], as in RandAugment: every probability but the
            flip's is multiplied by it (1 at the most), and so is how far a change may go. 0
            leaves the flip alone, 1 is what stands below.
        flip: mirror image.
        geometry: rotation, scale and shift, as inaccurate landmarks cause.
        rotation_deg_max: largest rotation to either side, in [0, 180].
        scale_max: largest relative change of size, in [0, 0.9].
        shift_px_max: largest shift along each axis, in [0, 112].
        colour: brightness, contrast, gamma and saturation.
        grey: greyscale.
        blur: defocus or motion blur.
        low_resolution: downsampled to 24-80 px and back.
        jpeg: encoded at quality 15 to 70.
        noise: Gaussian, of standard deviation 2 to 14 of 255.
        occlusion: a rectangle of one colour, up to 40 % of the side.
    """

    strength: float = 1.0
    flip: float = 0.5
    geometry: float = 0.7
    rotation_deg_max: float = 12.0
    scale_max: float = 0.12
    shift_px_max: float = 5.0
    colour: float = 0.6
    grey: float = 0.1
    blur: float = 0.12
    low_resolution: float = 0.15
    jpeg: float = 0.2
    noise: float = 0.12
    occlusion: float = 0.15

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= STRENGTH_MAX:
            raise ConfigInvalid(
                f"augment.strength must be in [0, {STRENGTH_MAX:g}], got {self.strength}"
            )
        limits = {"rotation_deg_max": 180.0, "scale_max": 0.9, "shift_px_max": float(FACE_SIDE_PX)}
        for name, most in limits.items():
            if not 0 <= getattr(self, name) <= most:
                raise ConfigInvalid(
                    f"augment.{name} must be in [0, {most:g}], got {getattr(self, name)}"
                )
        strengths = {"strength", *limits}
        for name in set(self.__dataclass_fields__) - strengths:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigInvalid(f"augment.{name} must be in [0, 1], got {getattr(self, name)}")


def augment(face: Image, config: AugmentConfig, rng: np.random.Generator) -> Image:
    """One random version of a face.

    Args:
        face: uint8[112, 112, 3] RGB.
        config: which changes, how often.
        rng: the only source of randomness.

    Returns:
        uint8[112, 112, 3] RGB, a new array.
    """
    # In the order of a camera: the scene, then the lens, then the file.
    steps = (
        (config.flip, _flip),
        (config.colour, _colour),
        (config.grey, _grey),
        (config.occlusion, _occlude),
        (config.blur, _blur),
        (config.low_resolution, _low_resolution),
        (config.noise, _noise),
        (config.jpeg, _jpeg),
    )
    strength = config.strength
    chances = rng.random(len(steps) + 1).tolist()
    if chances[-1] < config.geometry * strength:
        face = _move(face, config, rng)
    for chance, (probability, step) in zip(chances[:-1], steps, strict=True):
        if chance < (probability if step is _flip else probability * strength):
            face = step(face, strength, rng)
    return np.ascontiguousarray(face)


def _flip(face: Image, strength: float, rng: np.random.Generator) -> Image:
    return _image(cv2.flip(face, 1))


def _move(face: Image, config: AugmentConfig, rng: np.random.Generator) -> Image:
    centre = (FACE_SIDE_PX - 1) / 2
    turn, size, right, down = (config.strength * rng.uniform(-1, 1, 4)).tolist()
    matrix = cv2.getRotationMatrix2D(
        (centre, centre), config.rotation_deg_max * turn, max(1 + config.scale_max * size, 0.1)
    )
    matrix[:, 2] += (config.shift_px_max * right, config.shift_px_max * down)
    # OpenCV warps four channels three times as fast as three.
    padded = cv2.cvtColor(face, cv2.COLOR_RGB2RGBA)
    moved = cv2.warpAffine(padded, matrix, (FACE_SIDE_PX, FACE_SIDE_PX))
    return _image(cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB))


def _colour(face: Image, strength: float, rng: np.random.Generator) -> Image:
    contrast, brightness, gamma, saturation = (strength * rng.uniform(-1, 1, 4)).tolist()
    # Both scale and offset fit in one table of 256 entries, and so does gamma.
    table = (_LEVELS - 127.5) * (1 + 0.4 * contrast) + (127.5 + 35 * brightness)
    table = 255 * (np.clip(table, 0, 255) / 255) ** math.exp(0.45 * gamma)
    toned = _image(cv2.LUT(face, table.astype(np.uint8)))
    kept = max(1 + (0.5 if saturation > 0 else 0.6) * saturation, 0.0)
    return _image(cv2.addWeighted(toned, kept, _without_colour(toned), 1 - kept, 0))


def _grey(face: Image, strength: float, rng: np.random.Generator) -> Image:
    return _without_colour(face)


def _occlude(face: Image, strength: float, rng: np.random.Generator) -> Image:
    least = FACE_SIDE_PX // 8
    most = min(0.8 * FACE_SIDE_PX, least + 0.27 * FACE_SIDE_PX * strength)
    draws = rng.random(7)
    width, height = (least + draws[:2] * (most - least)).astype(int).tolist()
    x0, y0 = (draws[2:4] * (FACE_SIDE_PX - width, FACE_SIDE_PX - height)).astype(int).tolist()
    covered = face.copy()
    covered[y0 : y0 + height, x0 : x0 + width] = (256 * draws[4:]).astype(np.uint8)
    return covered


def _blur(face: Image, strength: float, rng: np.random.Generator) -> Image:
    kind, amount, angle = rng.random(3).tolist()
    if kind < 0.5:
        return _image(cv2.GaussianBlur(face, (0, 0), 0.5 + 1.7 * strength * amount))
    length = 3 + int(6 * strength * amount)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, 180 * angle, 1.0)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return _image(cv2.filter2D(face, -1, turned / max(float(turned.sum()), 1e-6)))


def _low_resolution(face: Image, strength: float, rng: np.random.Generator) -> Image:
    side = int(rng.integers(max(12, round(80 - 56 * strength)), 81))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return _image(cv2.resize(small, (FACE_SIDE_PX,) * 2, interpolation=cv2.INTER_LINEAR))


def _noise(face: Image, strength: float, rng: np.random.Generator) -> Image:
    # One random byte a value, and a table of what it adds: a tenth of the time of true Gaussians.
    deviation = 2 + 12 * strength * float(rng.random())
    added = np.rint(deviation * np.asarray(_quantiles()))
    drawn = np.frombuffer(rng.bytes(face.size), np.uint8).reshape(face.shape)
    brighter = cv2.LUT(drawn, np.maximum(added, 0).astype(np.uint8))
    darker = cv2.LUT(drawn, np.maximum(-added, 0).astype(np.uint8))
    return _image(cv2.subtract(cv2.add(face, brighter), darker))


def _jpeg(face: Image, strength: float, rng: np.random.Generator) -> Image:
    quality = int(rng.integers(max(5, round(70 - 55 * strength)), 71))
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _image(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _without_colour(face: Image) -> Image:
    return _image(cv2.cvtColor(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


@lru_cache(maxsize=1)
def _quantiles() -> tuple[float, ...]:
    """256 values that stand for a normal distribution of deviation 1, equally likely each."""
    normal = NormalDist()
    values = [normal.inv_cdf((place + 0.5) / 256) for place in range(256)]
    # The middle of each share is a little closer to 0 than its mean: the sum of squares is mended.
    spread = math.sqrt(sum(value * value for value in values) / 256)
    return tuple(value / spread for value in values)


def _image(array: object) -> Image:
    return np.asarray(array, np.uint8)
