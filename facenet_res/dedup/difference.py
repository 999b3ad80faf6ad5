"""What differs between two images that were laid over each other, and whether they are copies.

Both are compared at the resolution of the coarser one. A tone curve and a colour matrix, clipped
at black and white, explain changes of exposure and colour. They are fitted from the image that
shows more to the one that shows less, so that clipped highlights agree where the curve says that
they clip, and nowhere else. A grid of blocks then holds what is left against the block's contrast.

Blocks that disagree are an overlay (a caption, a logo) where they are few, the rest agrees, and
the edges of what differs are edges of one of the two images only. Two captions on one template,
or two frames of a burst, have edges on both sides: these are different images.

Measured on 89 photographs and 29 kinds of change, see `bench_dedup_copies.py`.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.overlay import overlay_side

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLOCK_PX: Final = 12
# Residual of a block as a share of its contrast. Copies stay below, changed content does not.
TENTH_MAX: Final = 0.35
DIFFERENT_MIN: Final = 0.65
OVERLAY_COVER_MAX: Final = 0.35
# Blocks that agree and have something to agree on, as a share of all: less is no evidence.
EVIDENCE_MIN: Final = 0.04
EVIDENCE_BLOCKS_MIN: Final = 6

_CONTRAST_FLOOR: Final = 36.0
_TEXTURED_MIN: Final = 100.0
_SMOOTH_PX: Final = 1.0
_BLURS_PX: Final = (0.8, 1.5, 2.5)
_GAMMAS: Final = (1.0, 0.85, 1.18, 0.71, 1.4, 0.59, 1.7, 0.5, 2.0, 0.4, 2.5)
_GAIN_MIN, _GAIN_MAX = 0.25, 4.0
_CLIP_LOW, _CLIP_HIGH = 3.0, 252.0
_SAMPLES: Final = 1500
_FEW_SAMPLES: Final = 400
# Mean error in grey levels up to which a plain gain and offset are enough.
_PLAIN_ERROR: Final = 1.5
_CHANGE_MUST_PAY: Final = 0.93
_FIT_ROUNDS: Final = 3
_FIT_SAMPLES_MIN: Final = 32
# Grey levels of a visible difference: a share of the spread, within bounds; and the pixels of a
# block that must show it.
_VISIBLE_SHARE: Final = 0.3
_VISIBLE_LOW, _VISIBLE_HIGH = 6.0, 20.0
_VISIBLE_MIN: Final = 0.02


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


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is left between two registered images.

    Attributes:
        is_copy: whether they are one image.
        similarity: correlation of the pixels that both show after the change of tone, in [-1, 1].
        tone: from one image to the other.
        tone_is_of_target: whether `tone` leads from the source to the target.
        overlay: bool[H, W] of the target where something was laid over; empty of True if nothing.
        overlay_on_target: whether the target carries it.
    """

    is_copy: bool
    similarity: float
    tone: Tone
    tone_is_of_target: bool
    overlay: Mask
    overlay_on_target: bool


def judged(source: Image, target: Image, seen: Mask) -> Judgement | None:
    """Compares two images of one frame.

    Args:
        source: uint8[H, W, 3], moved to the target's frame, as fine as the target at least.
        target: uint8[H, W, 3].
        seen: bool[H, W], pixels that both show.

    Returns:
        None where too little is seen to be compared.
    """
    rows = np.flatnonzero(seen.ravel())
    if len(rows) < 4 * BLOCK_PX**2:
        return None
    rows = rows[:: max(1, len(rows) // _SAMPLES)]
    a, b = _smoothed(source, _SMOOTH_PX), _smoothed(target, _SMOOTH_PX)
    flat_a, flat_b = a.reshape(-1, 3)[rows], b.reshape(-1, 3)[rows]
    there, error = fitted_tone(flat_a, flat_b)
    judgement = _judged(there, source, target, seen, True)
    if judgement.is_copy and error <= _PLAIN_ERROR:
        return judgement
    # What was clipped on the way there may be explained on the way back.
    back, error_back = fitted_tone(flat_b, flat_a)
    other = _judged(back, target, source, seen, False)
    if other.is_copy != judgement.is_copy:
        return other if other.is_copy else judgement
    return other if error_back < error else judgement


def _judged(tone: Tone, source: Image, target: Image, seen: Mask, of_target: bool) -> Judgement:
    # The curve clips single pixels, so it comes before they are smoothed.
    expected = _grey(tone(source.astype(np.float32)))
    expected, found = _equally_sharp(expected, _grey(target), seen)
    share, contrast = _blocks(expected, found, seen)
    similarity = _correlation(expected, found, seen)
    usable = ~np.isnan(share)
    visible = np.abs(expected - found) > _visible_levels(found, seen)
    different = usable & (share > DIFFERENT_MIN) & (_block_means(visible & seen) > _VISIBLE_MIN)
    agrees = usable & ~different

    def judgement(is_copy: bool, side: int = 0) -> Judgement:
        overlay = where if side else np.zeros_like(seen)
        return Judgement(is_copy, similarity, tone, of_target, overlay, (side == 2) == of_target)

    where = visible & seen & _grown(different, seen.shape)
    if not agrees.any() or not _GAIN_MIN <= tone.gain <= _GAIN_MAX:
        return judgement(False)
    evidence = int((agrees & (share <= DIFFERENT_MIN) & (contrast >= _TEXTURED_MIN)).sum())
    enough = max(EVIDENCE_BLOCKS_MIN, EVIDENCE_MIN * int(usable.sum()))
    if evidence < enough or float(np.quantile(share[agrees], 0.9)) > TENTH_MAX:
        return judgement(False)
    if not different.any():
        return judgement(True)
    if different.sum() > min(OVERLAY_COVER_MAX * usable.sum(), evidence):
        return judgement(False)
    side = overlay_side(expected, found, where)
    return judgement(side > 0, side)


def _visible_levels(found: Float, seen: Mask) -> float:
    """Grey levels from which on a difference is seen: fewer in an image of little contrast."""
    return float(np.clip(_VISIBLE_SHARE * found[seen].std(), _VISIBLE_LOW, _VISIBLE_HIGH))


def fitted_tone(source: Float, target: Float) -> tuple[Tone, float]:
    """The change from the source's colours to the target's, outliers left out, and its error.

    Args:
        source: float32[P, 3], pixels that both show.
        target: float32[P, 3], the same pixels.
    """
    plain = _own_channels(source, target, 1.0)
    best, best_error = plain, _error(plain, source, target)
    if best_error <= _PLAIN_ERROR:
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


def _equally_sharp(expected: Float, found: Float, seen: Mask) -> tuple[Float, Float]:
    """Both smoothed, the sharper one blurred until they agree best."""
    expected, found = _smoothed(expected, _SMOOTH_PX), _smoothed(found, _SMOOTH_PX)
    pairs = [(expected, found)]
    for blur_px in _BLURS_PX:
        pairs.append((_smoothed(expected, blur_px), found))
        pairs.append((expected, _smoothed(found, blur_px)))
    # A blur hides differences: it must pay.
    errors = [
        float(np.minimum(np.abs(a - b)[seen], 20).mean()) * (1.1 if rank else 1.0)
        for rank, (a, b) in enumerate(pairs)
    ]
    return pairs[int(np.argmin(errors))]


def _grey(pixels: NDArray[np.generic]) -> Float:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)


def _smoothed(pixels: NDArray[np.generic], sigma_px: float) -> Float:
    return np.asarray(cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma_px), np.float32)


def _correlation(expected: Float, found: Float, seen: Mask) -> float:
    a, b = expected[seen].ravel(), found[seen].ravel()
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


def _block_means(values: NDArray[np.generic]) -> NDArray[np.float64]:
    rows, columns = values.shape[0] // BLOCK_PX, values.shape[1] // BLOCK_PX
    cut = values[: rows * BLOCK_PX, : columns * BLOCK_PX]
    return np.asarray(cut.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3)))


def _blocks(
    expected: Float, found: Float, seen: Mask
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the contrast that is left (NaN where not seen), and the contrast, of each block."""
    weight = seen.astype(np.float64)
    shown = _block_means(weight)
    total = np.maximum(shown, 1e-9)

    def contrast(values: Float) -> NDArray[np.float64]:
        mean = _block_means(values * weight) / total
        return np.maximum(
            _block_means(values.astype(np.float64) ** 2 * weight) / total - mean**2, 0
        )

    least = np.minimum(contrast(expected), contrast(found))
    left = (expected - found).astype(np.float64) ** 2
    share = np.sqrt(_block_means(left * weight) / total / (least + _CONTRAST_FLOOR))
    return np.where(shown >= 0.5, share, np.nan), least


def _grown(blocks: Mask, shape: tuple[int, ...]) -> Mask:
    """Blocks as pixels, with a margin."""
    pixels = np.kron(blocks, np.ones((BLOCK_PX, BLOCK_PX), np.uint8)).astype(np.uint8)
    whole = np.zeros(shape, np.uint8)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    side = BLOCK_PX + 1
    return np.asarray(cv2.dilate(whole, np.ones((side, side), np.uint8)) > 0)
