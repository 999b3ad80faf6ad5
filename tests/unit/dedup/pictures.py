"""Pictures that look enough like photographs: soft shapes, edges, grain; another by each seed."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize


def picture(seed: int, height_px: int = 360, width_px: int = 300) -> Image:
    """uint8[H, W, 3], RGB, to be written to as one likes."""
    return _picture(seed, height_px, width_px).copy()


@lru_cache(maxsize=64)
def _picture(seed: int, height_px: int, width_px: int) -> Image:
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height_px, width_px, 3), np.float64)
    for cells, weight in ((4, 70), (9, 40), (30, 25), (90, 12)):
        grid = rng.normal(size=(cells, cells, 3)).astype(np.float32)
        canvas += weight * cv2.resize(grid, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y = rng.integers(0, width_px), rng.integers(0, height_px)
        colour = rng.integers(-60, 60, 3).tolist()
        shape = np.zeros_like(canvas)
        cv2.circle(shape, (int(x), int(y)), int(rng.integers(8, 50)), colour, -1)
        canvas += shape
    return np.clip(canvas * 0.7 + 128, 0, 255).astype(np.uint8)


def save(path: Path, image: Image, quality: int = 92) -> Path:
    """Writes a JPEG and says where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(np.ascontiguousarray(image), quality))
    return path


def cropped(image: Image, share: float) -> Image:
    """The picture without `share` of each side."""
    dy, dx = round(image.shape[0] * share), round(image.shape[1] * share)
    return np.ascontiguousarray(image[dy : image.shape[0] - dy, dx : image.shape[1] - dx])


def scaled(image: Image, ratio: float) -> Image:
    """The picture at another size."""
    return resize(image, round(image.shape[1] * ratio), round(image.shape[0] * ratio))


def grey(image: Image) -> NDArray[np.uint8]:
    """uint8[H, W]."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def colourless(image: Image) -> Image:
    """The picture in grey, still with three channels."""
    return np.repeat(grey(image)[:, :, None], 3, axis=2)
