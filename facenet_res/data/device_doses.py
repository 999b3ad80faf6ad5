"""Strengths of the augmentations of each image of a batch, drawn on the host.

The device draws no random numbers, so that a batch is the same on every backend and after a resume.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.separable import FilterTable

NOISE_VALUES = 1 << 22
MIX_SHARES = (0.3, 0.7)

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """Strengths for one batch; an augmentation that is not applied has the neutral value.

    Attributes:
        transform: float32[B, 6], a0, a1, a2, b0, b1, b2: the pixel at x, y comes from
            a0 x + a1 y + a2, b0 x + b1 y + b2 of the input.
        tone: float32[B, 4], contrast, brightness (of 255), gamma, saturation.
        box: int32[B, 4], x0, y0, x1, y1 of what is covered, in px; x0 = x1 for nothing.
        box_colour: float32[B, 3], of 255.
        filters: int32[B, 2], numbers of the matrices for rows and columns.
        noise: float32[B], standard deviation, of 255.
        noise_start: int32[B], offset of an image's noise in the noise plane.
        jpeg: float32[B], step of the quantisation relative to quality 50; 0 for none.
        mix: float32[B], share of the image itself, the rest is its neighbour's; 1 for unmixed.
    """

    transform: Floats
    tone: Floats
    box: Integers
    box_colour: Floats
    filters: Integers
    noise: Floats
    noise_start: Integers
    jpeg: Floats
    mix: Floats


def draw_doses(
    config: AugmentConfig, size: int, mixed: int, table: FilterTable, rng: np.random.Generator
) -> Doses:
    """Draws for a batch; ranges are those of `data.augment`, the strength's part included.

    A strength above 1 makes blur and low resolution likelier but no stronger: the table ends there.

    Args:
        config: which changes, how often.
        size: images of the batch.
        mixed: how many of them, from the first on, are blended with a neighbour.
        table: the filters to choose from.
        rng: the only source of randomness.
    """
    strength = config.strength
    happens = {
        name: rng.random(size) < getattr(config, name) * (1 if name == "flip" else strength)
        for name in ("flip", "geometry", "colour", "grey", "occlusion", "noise", "jpeg")
    }
    boxes, colours = _boxes(happens["occlusion"], strength, rng)
    mix = np.ones(size, np.float32)
    mix[:mixed] = rng.uniform(*MIX_SHARES, mixed)
    return Doses(
        _transforms(config, happens["flip"], happens["geometry"], rng),
        _tones(happens["colour"], happens["grey"], strength, rng),
        boxes,
        colours,
        _filters(config, size, table, rng),
        np.where(happens["noise"], rng.uniform(2, 2 + 12 * strength, size), 0).astype(np.float32),
        rng.integers(0, NOISE_VALUES - FACE_SIDE_PX**2 * 3, size, dtype=np.int32),
        np.where(happens["jpeg"], _jpeg_steps(strength, size, rng), 0).astype(np.float32),
        mix,
    )


def noise_plane(seed: int) -> Floats:
    """float32[NOISE_VALUES] from a normal distribution; images take theirs out of it."""
    return np.random.default_rng(seed).standard_normal(NOISE_VALUES, np.float32)


def _transforms(
    config: AugmentConfig,
    flip: NDArray[np.bool_],
    geometry: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Floats:
    size, centre = len(flip), (FACE_SIDE_PX - 1) / 2
    rotation_deg, scale, shift_px = (
        config.strength * most
        for most in (config.rotation_deg_max, config.scale_max, config.shift_px_max)
    )
    angles = rng.uniform(-rotation_deg, rotation_deg, size)
    scales = np.maximum(1 + rng.uniform(-scale, scale, size), 0.1)
    shifts = rng.uniform(-shift_px, shift_px, (size, 2))
    rows = np.zeros((size, 6), np.float32)
    for i in range(size):
        matrix = np.eye(3)
        if geometry[i]:
            matrix[:2] = cv2.getRotationMatrix2D((centre, centre), angles[i], scales[i])
            matrix[:2, 2] += shifts[i]
        if flip[i]:
            matrix = np.array([[-1, 0, 2 * centre], [0, 1, 0], [0, 0, 1]]) @ matrix
        rows[i] = np.linalg.inv(matrix)[:2].ravel()
    return rows


def _tones(
    colour: NDArray[np.bool_],
    grey: NDArray[np.bool_],
    strength: float,
    rng: np.random.Generator,
) -> Floats:
    size = len(colour)
    drawn = np.stack(
        [
            rng.uniform(1 - 0.4 * strength, 1 + 0.4 * strength, size),
            rng.uniform(-35 * strength, 35 * strength, size),
            np.exp(rng.uniform(-0.45 * strength, 0.45 * strength, size)),
            rng.uniform(max(1 - 0.6 * strength, 0.0), 1 + 0.5 * strength, size),
        ],
        axis=1,
    )
    tones = np.where(colour[:, None], drawn, np.array([1.0, 0.0, 1.0, 1.0]))
    tones[grey, 3] = 0.0
    return tones.astype(np.float32)


def _boxes(
    occluded: NDArray[np.bool_], strength: float, rng: np.random.Generator
) -> tuple[Integers, Floats]:
    size, least = len(occluded), FACE_SIDE_PX // 8
    most = int(min(0.8 * FACE_SIDE_PX, least + 0.27 * FACE_SIDE_PX * strength))
    sides = rng.integers(least, max(most, least + 1), (size, 2))
    starts = (rng.random((size, 2)) * (FACE_SIDE_PX - sides)).astype(np.int64)
    boxes = np.concatenate([starts, starts + sides], axis=1)
    boxes[~occluded] = 0
    return boxes.astype(np.int32), rng.integers(0, 256, (size, 3)).astype(np.float32)


def _filters(
    config: AugmentConfig, size: int, table: FilterTable, rng: np.random.Generator
) -> Integers:
    chosen = np.zeros((size, 2), np.int32)
    blur = rng.random(size) < config.blur * config.strength
    shrink = rng.random(size) < config.low_resolution * config.strength
    weak = min(config.strength, 1.0)
    # Each table goes from weak to strong but that of low resolutions, which ends with the weakest.
    blurs, motions = (
        span[: math.ceil(weak * len(span)) or 1] for span in (table.blurs, table.motions)
    )
    shrunk = table.low_resolutions[-(math.ceil(weak * len(table.low_resolutions)) or 1) :]
    for i in np.flatnonzero(blur):
        if rng.random() < 0.5:
            chosen[i] = rng.choice(blurs)
        else:
            chosen[i, rng.integers(2)] = rng.choice(motions)
    # One filter an image: where both were drawn, low resolution hides the blur anyway.
    for i in np.flatnonzero(shrink):
        chosen[i] = rng.choice(shrunk)
    return chosen


def _jpeg_steps(strength: float, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The scale that libjpeg gives its tables at a quality below and above 50."""
    quality = rng.integers(max(5, round(70 - 55 * strength)), 71, size)
    return np.where(quality < 50, 50.0 / quality, 2.0 - quality / 50.0)
