"""What may happen to a face between the lens and us, in random doses.

Every function takes and gives uint8[112, 112, 3] RGB and a generator; the same
generator state gives the same picture, so that a resumed run sees what an
unbroken one would have seen.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import FACE_SIDE_PX, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """How likely and how strong each change is; probabilities in [0, 1].

    Attributes:
        flip: mirrored left to right.
        geometry: rotated, scaled and shifted, as landmarks that miss would do.
        rotation_deg_max: largest rotation to either side.
        scale_max: largest relative change of size.
        shift_px_max: largest shift along each axis.
        colour: brightness, contrast, gamma and saturation.
        grey: without colour.
        blur: out of focus or moved.
        low_resolution: shrunk to 24-80 px and back.
        jpeg: encoded at quality 15 to 70.
        noise: Gaussian, of standard deviation 2 to 14 of 255.
        occlusion: a rectangle of one colour, up to 40 % of the side.
    """

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
        strengths = {"rotation_deg_max", "scale_max", "shift_px_max"}
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
    # The order is that of a real picture: the scene, then the lens, then the file.
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
    chances = rng.random(len(steps) + 1)
    if chances[-1] < config.geometry:
        face = _move(face, config, rng)
    for chance, (probability, step) in zip(chances[:-1], steps, strict=True):
        if chance < probability:
            face = step(face, rng)
    return np.ascontiguousarray(face)


def _flip(face: Image, rng: np.random.Generator) -> Image:
    return face[:, ::-1]


def _move(face: Image, config: AugmentConfig, rng: np.random.Generator) -> Image:
    centre = (FACE_SIDE_PX - 1) / 2
    angle = float(rng.uniform(-config.rotation_deg_max, config.rotation_deg_max))
    scale = float(1 + rng.uniform(-config.scale_max, config.scale_max))
    matrix = cv2.getRotationMatrix2D((centre, centre), angle, scale)
    shift = rng.uniform(-config.shift_px_max, config.shift_px_max, 2)
    matrix[:, 2] = matrix[:, 2] + shift
    return _image(cv2.warpAffine(face, matrix, (FACE_SIDE_PX, FACE_SIDE_PX)))


def _colour(face: Image, rng: np.random.Generator) -> Image:
    contrast, brightness = rng.uniform(0.6, 1.4), rng.uniform(-35, 35)
    gamma, saturation = np.exp(rng.uniform(-0.45, 0.45)), rng.uniform(0.4, 1.5)
    levels = np.arange(256, dtype=np.float32)
    table = 255 * (np.clip((levels - 127.5) * contrast + 127.5 + brightness, 0, 255) / 255) ** gamma
    toned = table.astype(np.uint8)[face]
    grey = cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2)
    return _image(cv2.addWeighted(toned, saturation, grey, 1 - saturation, 0))


def _grey(face: Image, rng: np.random.Generator) -> Image:
    return _image(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2))


def _occlude(face: Image, rng: np.random.Generator) -> Image:
    width, height = rng.integers(FACE_SIDE_PX // 8, int(FACE_SIDE_PX * 0.4), 2)
    x0 = rng.integers(0, FACE_SIDE_PX - width)
    y0 = rng.integers(0, FACE_SIDE_PX - height)
    covered = face.copy()
    covered[y0 : y0 + height, x0 : x0 + width] = rng.integers(0, 256, 3)
    return covered


def _blur(face: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.5:
        return _image(cv2.GaussianBlur(face, (0, 0), float(rng.uniform(0.5, 2.2))))
    length = int(rng.integers(3, 9))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, float(rng.uniform(0, 180)), 1.0)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return _image(cv2.filter2D(face, -1, turned / max(float(turned.sum()), 1e-6)))


def _low_resolution(face: Image, rng: np.random.Generator) -> Image:
    side = int(rng.integers(24, 81))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return _image(cv2.resize(small, (FACE_SIDE_PX,) * 2, interpolation=cv2.INTER_LINEAR))


def _noise(face: Image, rng: np.random.Generator) -> Image:
    noise = rng.normal(0, rng.uniform(2, 14), face.shape).astype(np.float32)
    return _image(np.clip(face + noise, 0, 255).astype(np.uint8))


def _jpeg(face: Image, rng: np.random.Generator) -> Image:
    quality = int(rng.integers(15, 71))
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _image(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _image(array: object) -> Image:
    return np.asarray(array, np.uint8)
