"""What differs between two images that were laid over each other, and whether they are copies.

Both are compared at the resolution of the coarser one. A tone curve and a colour matrix, clipped
at black and white, explain changes of exposure and colour. They are fitted from the image that
shows more to the one that shows less, so that clipped highlights agree where the curve says that
they clip, and nowhere else. A grid of blocks then holds what is left against the block's contrast.

Blocks that disagree are an overlay (a caption, a logo) where they are few, the rest agrees, and
the edges of what differs are edges of one of the two images only. Two captions on one template,
or two frames of a burst, have edges on both sides: these are different images.

The limits were set by `tests/benchmarks/copy_limits.py`, on images that no figure is quoted on. See
DECISIONS.md 42.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.overlay import overlay_side
from facenet_res.dedup.tone import PLAIN_ERROR, Tone, fitted_tone

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLOCK_PX: Final = 12
# Residual of a block as a share of its contrast. Copies stay below, changed content does not.
TENTH_MAX: Final = 0.35
DIFFERENT_MIN: Final = 0.75
OVERLAY_COVER_MAX: Final = 0.35
# Blocks that agree and have something to agree on, as a share of all: less is no evidence.
EVIDENCE_MIN: Final = 0.04
EVIDENCE_BLOCKS_MIN: Final = 6

_CONTRAST_FLOOR: Final = 36.0
_TEXTURED_MIN: Final = 100.0
_SMOOTH_PX: Final = 1.0
_BLURS_PX: Final = (0.8, 1.5, 2.5)
_GAIN_MIN, _GAIN_MAX = 0.25, 4.0
_SAMPLES: Final = 1500
# Grey levels of a visible difference: a share of the spread, within bounds; and the pixels of a
# block that must show it.
_VISIBLE_SHARE: Final = 0.3
_VISIBLE_LOW, _VISIBLE_HIGH = 6.0, 20.0
_VISIBLE_MIN: Final = 0.02


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
    if judgement.is_copy and error <= PLAIN_ERROR:
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
