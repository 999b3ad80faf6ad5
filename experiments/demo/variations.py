"""One portrait made into several: changes of light and of place, as a camera would make them.

They stand in for further photographs of a person, and are easier than these: pose, age and
expression stay the same. The demonstration says so wherever it uses them.
"""

import math

import numpy as np

from facenet_res.core.types import Image
from facenet_res.imaging.warp import resize, warp_affine


def mirrored(image: Image) -> Image:
    """Left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def with_gamma(image: Image, gamma: float) -> Image:
    """Darker for a gamma above 1, brighter below."""
    table = np.round(255.0 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    return np.asarray(table[image], np.uint8)


def tinted(image: Image, red: float, blue: float) -> Image:
    """Under warmer or colder light: red and blue are multiplied."""
    factors = np.array([red, 1.0, blue])
    return np.asarray(np.clip(np.round(image * factors), 0, 255), np.uint8)


def rotated(image: Image, angle_deg: float) -> Image:
    """Turned about the middle, clockwise as seen; the corners become grey."""
    height_px, width_px = image.shape[:2]
    angle_rad = math.radians(angle_deg)
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    middle_x, middle_y = (width_px - 1) / 2, (height_px - 1) / 2
    transform = np.array(
        [
            [cosine, -sine, middle_x - cosine * middle_x + sine * middle_y],
            [sine, cosine, middle_y - sine * middle_x - cosine * middle_y],
        ]
    )
    return warp_affine(image, transform, width_px, height_px, fill=127)


def scaled(image: Image, factor: float) -> Image:
    """Smaller or larger by a factor, with the sides' proportion kept."""
    height_px, width_px = image.shape[:2]
    return resize(image, max(1, round(width_px * factor)), max(1, round(height_px * factor)))


def softened(image: Image, factor: float) -> Image:
    """Less sharp: made smaller by the factor, and as large again as it was."""
    height_px, width_px = image.shape[:2]
    return resize(scaled(image, 1 / factor), width_px, height_px)


def cropped(image: Image, share: float) -> Image:
    """Without a margin of the given share of each side."""
    height_px, width_px = image.shape[:2]
    top, left = round(height_px * share / 2), round(width_px * share / 2)
    return np.ascontiguousarray(image[top : height_px - top, left : width_px - left])
