"""What was done to a copy, as far as two images tell."""

from dataclasses import dataclass
from typing import Final

from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.types import CopyKind

# Shares of the side; within them two images count as of one size, or as uncropped.
_SAME_SIZE: Final = 0.02
_SAME_FRAME: Final = 0.98
_ROTATION_MIN: Final = 0.7
# Grey levels of 255, and a share: less is what encoding does.
_LEVELS_MIN: Final = 5.0
_CONTRAST_MIN: Final = 0.06


@dataclass(frozen=True, slots=True)
class Picture:
    """A distinct image as the choice sees it.

    Attributes:
        sha256: names it.
        path: the first file that holds it.
        bytes: size of the file.
        width_px: of the upright picture.
        height_px: of the upright picture.
        is_grey: whether it has no colour.
        mtime_ns: when the file was last changed, since 1970.
        pixels_sha256: of the upright pixels.
        colour: see `Fingerprint`.
        clipped: see `Fingerprint`.
        detail: see `Fingerprint`.
        names_camera: whether its metadata names a camera.
        is_hidden: whether all its files are hidden.
    """

    sha256: str
    path: str
    bytes: int
    width_px: int
    height_px: int
    is_grey: bool = False
    mtime_ns: int = 0
    pixels_sha256: str = ""
    colour: float = 0.0
    clipped: float = 0.0
    detail: float = 0.0
    names_camera: bool = False
    is_hidden: bool = False


def changes_of(kept: Picture, copy: Picture, pair: CopyPair) -> tuple[str, ...]:
    """What was done to a copy, in words; empty where it was encoded anew at most.

    Args:
        kept: the first of the pair.
        copy: the second of the pair.
        pair: how they lie over each other.
    """
    first_px, second_px = (kept.width_px, kept.height_px), (copy.width_px, copy.height_px)
    degrees, scale = pair.turn(first_px, second_px)
    changes = []
    if pair.is_mirrored:
        changes.append("mirrored")
    if abs(degrees) > _ROTATION_MIN:
        changes.append(f"rotated by {abs(degrees):.0f} degrees")
    if abs(scale - 1) > _SAME_SIZE:
        changes.append(f"resized to {scale:.0%}")
    first_cover, second_cover = pair.covers
    if first_cover < _SAME_FRAME:
        changes.append(f"cropped to {first_cover:.0%} of the image")
    if second_cover < _SAME_FRAME:
        changes.append("shows more around it")
    if copy.is_grey and not kept.is_grey:
        changes.append("without colour")
    return (*changes, *_exposure(pair.levels), *_overlay(pair))


def kind_of(kept: Picture, copy: Picture, pair: CopyPair) -> CopyKind:
    """What a copy is to the one to keep."""
    if kept.sha256 == copy.sha256:
        return CopyKind.BYTE_EQUAL
    if kept.pixels_sha256 == copy.pixels_sha256:
        return CopyKind.SAME_PIXELS
    if pair.overlay:
        return CopyKind.OVERLAY
    return CopyKind.EDITED if changes_of(kept, copy, pair) else CopyKind.REENCODED


def _exposure(levels: tuple[float, ...]) -> list[str]:
    low, middle, high = levels
    changes = []
    if abs(middle - 128) > _LEVELS_MIN:
        changes.append("brighter" if middle > 128 else "darker")
    contrast = (high - low) / 128
    if abs(contrast - 1) > _CONTRAST_MIN:
        changes.append(f"contrast at {contrast:.0%}")
    return changes


def _overlay(pair: CopyPair) -> list[str]:
    if not pair.overlay:
        return []
    x0, y0, x1, y1 = (f"{share:.0%}" for share in pair.overlay)
    on = "" if pair.overlay_on == "second" else " of the kept image"
    return [f"something laid over{on} from {x0}, {y0} to {x1}, {y1}"]
