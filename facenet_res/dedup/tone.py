"""A change of exposure and colour between two images, fitted to pixels that both show.

A curve (gamma) on each channel, then a gain and an offset, or a mixture of the channels: grey,
sepia, another saturation. Black and white clip; a clipped level says only that it lies there or
beyond.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Mean error in grey levels up to which a plain gain and offset are enough.
PLAIN_ERROR: Final = 1.5
_CHANGE_MUST_PAY: Final = 0.93
_GAMMAS: Final = (1.0, 0.85, 1.18, 0.71, 1.4, 0.59, 1.7, 0.5, 2.0, 0.4, 2.5)
_FEW_SAMPLES: Final = 400
_FIT_ROUNDS: Final = 3
_FIT_SAMPLES_MIN: Final = 32
_CLIP_LOW, _CLIP_HIGH = 3.0, 252.0


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """A change of exposure and colour: level -> clip(matrix * [255 (level/255)^gamma, 1]).

    Attributes:
        gamma: of the curve.
        matrix: float32[4, 3], from powered R, G, B and 1 to R, G, B.
    """

    gamma: float
    matrix: Float

    def __call__(self, pixels: Float) -> Float:
        """float32[..., 3] through the curve."""
        powered = _powered(pixels, self.gamma)
        levels = np.clip(powered @ self.matrix[:-1] + self.matrix[-1], 0, 255)
        return np.asarray(levels, np.float32)

    @property
    def gain(self) -> float:
        """Of grey levels."""
        return float(self.matrix[:3].sum() / 3)


def fitted_tone(source: Float, target: Float) -> tuple[Tone, float]:
    """The change from the source's colours to the target's, outliers left out, and its error.

    Args:
        source: float32[P, 3], pixels that both show.
        target: float32[P, 3], the same pixels.
    """
    plain = _own_channels(source, target, 1.0)
    best, best_error = plain, _error(plain, source, target)
    if best_error <= PLAIN_ERROR:
        return best, best_error
    few = slice(None, None, max(1, len(source) // _FEW_SAMPLES))
    green = source[few, 1:2], target[few, 1:2]
    errors = [_error(_own_channels(*green, each), *green) for each in _GAMMAS]
    # A curve must earn its bend, and a mixture of channels its mixing.
    gamma = _GAMMAS[int(np.argmin(errors))] if min(errors) < errors[0] - 0.15 else 1.0
    others = [_mixed_channels(source, target, each) for each in {1.0, gamma}]
    if gamma != 1:
        others.append(_own_channels(source, target, gamma))
    for tone in others:
        error = _error(tone, source, target)
        if error < _CHANGE_MUST_PAY * best_error:
            best, best_error = tone, error
    return best, best_error


def _own_channels(source: Float, target: Float, gamma: float) -> Tone:
    """A gain and an offset for each channel."""
    powered = _powered(source, gamma)
    channels = source.shape[1]
    matrix = np.zeros((channels + 1, channels), np.float32)
    for channel in range(channels):
        features = np.stack([powered[:, channel], np.ones(len(source), np.float32)], axis=1)
        matrix[[channel, -1], channel] = _trimmed_fit(features, target[:, channel])
    return Tone(gamma, matrix)


def _mixed_channels(source: Float, target: Float, gamma: float) -> Tone:
    """Each channel from all three: grey, sepia, another saturation."""
    ones = np.ones((len(source), 1), np.float32)
    features = np.concatenate([_powered(source, gamma), ones], axis=1)
    return Tone(gamma, np.stack([_trimmed_fit(features, each) for each in target.T], axis=1))


def _error(tone: Tone, source: Float, target: Float) -> float:
    return float(np.minimum(np.abs(tone(source) - target), 20).mean())


def _powered(levels: Float, gamma: float) -> Float:
    if gamma == 1:
        return levels
    return np.asarray(255 * (levels / 255) ** np.float32(gamma), np.float32)


def _trimmed_fit(features: Float, target: Float) -> Float:
    """Least squares without outliers; a clipped level says only that it lies there or beyond."""
    low, high = target <= _CLIP_LOW, target >= _CLIP_HIGH
    # A little weight on nothing decides where the pixels do not: grey, or one colour.
    ridge = np.eye(features.shape[1]) * 1e-3 * len(target)
    weights: NDArray[np.float64] = np.zeros(features.shape[1])
    counted = ~low & ~high
    for _ in range(_FIT_ROUNDS):
        if counted.sum() < _FIT_SAMPLES_MIN:
            break
        x, y = features[counted].astype(np.float64), target[counted].astype(np.float64)
        weights = np.asarray(np.linalg.solve(x.T @ x + ridge, x.T @ y), np.float64)
        counted = _inside(features @ weights - target, low, high, counted)
    return np.asarray(weights, np.float32)


def _inside(error: NDArray[np.float64], low: Mask, high: Mask, counted: Mask) -> Mask:
    told = ~((low & (error < 0)) | (high & (error > 0)))
    errors = np.abs(error[counted])
    spread = np.partition(errors, len(errors) // 2)[len(errors) // 2] if len(errors) else 0.0
    return np.asarray(told & (np.abs(error) <= max(3.0, 2.5 * float(spread))))
