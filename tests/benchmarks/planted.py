"""Changed copies of an image, by kind: what people, messengers and editors do to images."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np

from facenet_res.core.types import Image

Change = Callable[[Image], Image]


def encoded(image: Image, suffix: str = ".jpg", quality: int = 85) -> bytes:
    """The bytes of an image file in the format that the suffix names."""
    flag = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}.get(suffix)
    options = [] if flag is None else [flag, quality]
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    assert done
    return data.tobytes()


def resized(image: Image, ratio: float) -> Image:
    """The image at another size."""
    height_px, width_px = image.shape[:2]
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    size_px = max(1, round(width_px * ratio)), max(1, round(height_px * ratio))
    return np.asarray(cv2.resize(image, size_px, interpolation=how), np.uint8)


def cut(image: Image, left: float, top: float, right: float, bottom: float) -> Image:
    """The part between shares of the width and the height."""
    height_px, width_px = image.shape[:2]
    rows = slice(round(height_px * top), round(height_px * bottom))
    return np.ascontiguousarray(image[rows, round(width_px * left) : round(width_px * right)])


def curved(image: Image, gain: float = 1.0, offset: float = 0.0, gamma: float = 1.0) -> Image:
    """The image through a tone curve, clipped."""
    levels = 255 * (np.arange(256) / 255) ** gamma * gain + offset
    return np.clip(levels, 0, 255).astype(np.uint8)[image]


def rotated(image: Image, degrees: float, border: int = 0) -> Image:
    """The image turned in its frame, the corners filled with one grey."""
    height_px, width_px = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width_px / 2, height_px / 2), degrees, 1.0)
    turned = cv2.warpAffine(image, matrix, (width_px, height_px), borderValue=(border,) * 3)
    return np.asarray(turned, np.uint8)


def bordered(image: Image, share: float, grey: int, *, sides: bool = True) -> Image:
    """The image in a frame of one grey; without `sides`, bars above and below."""
    y = round(image.shape[0] * share)
    x = round(image.shape[1] * share) if sides else 0
    framed = cv2.copyMakeBorder(image, y, y, x, x, cv2.BORDER_CONSTANT, value=(grey,) * 3)
    return np.asarray(framed, np.uint8)


def captioned(image: Image, text: str = "when the test passes") -> Image:
    """White text with a black outline across the lower part."""
    shown = image.copy()
    height_px, width_px = image.shape[:2]
    scale = width_px / 400
    place = (round(width_px * 0.05), round(height_px * 0.9))
    for grey, weight in ((0, 5), (255, 2)):
        thickness = max(1, round(weight * scale))
        cv2.putText(shown, text, place, cv2.FONT_HERSHEY_DUPLEX, scale, (grey,) * 3, thickness)
    return shown


def stamped(image: Image) -> Image:
    """A logo, an opaque disc and a bar, in the upper right corner."""
    shown = image.copy()
    height_px, width_px = image.shape[:2]
    radius = round(min(height_px, width_px) * 0.1)
    centre = (width_px - 2 * radius, 2 * radius)
    cv2.circle(shown, centre, radius, (220, 30, 40), -1)
    start = (centre[0] - radius // 2, centre[1] - radius // 5)
    cv2.rectangle(shown, start, (centre[0] + radius // 2, centre[1] + radius // 5), (255,) * 3, -1)
    return shown


def on_screen(image: Image) -> Image:
    """A screenshot of a telephone: bars, buttons and the image between them."""
    width_px = image.shape[1]
    bar_px = round(width_px * 0.22)
    top = np.full((bar_px, width_px, 3), 245, np.uint8)
    below = np.full((2 * bar_px, width_px, 3), 250, np.uint8)
    scale = width_px / 450
    for bar, texts in ((top, ("12:41  5G  83%", "Gallery")), (below, ("Like  Share", "Reply"))):
        for line, text in enumerate(texts):
            place = (round(width_px * 0.05), round(len(bar) * (0.4 + 0.4 * line)))
            cv2.putText(bar, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (40,) * 3, 1)
    return np.concatenate([top, image, below])


def coloured(image: Image) -> Image:
    """The image in sepia."""
    sepia = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return np.clip(image @ sepia.T, 0, 255).astype(np.uint8)


def colourless(image: Image) -> Image:
    """The image in grey, still with three channels."""
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def stretched(image: Image, ratio: float) -> Image:
    """The image at another width."""
    height_px, width_px = image.shape[:2]
    return np.asarray(cv2.resize(image, (round(width_px * ratio), height_px)), np.uint8)


def noisy(image: Image) -> Image:
    """The image with the grain of a high ISO."""
    grain = np.random.default_rng(0).normal(0, 9, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def sharpened(image: Image) -> Image:
    """The image with an unsharp mask."""
    soft = cv2.GaussianBlur(image, (0, 0), 1.5)
    return np.asarray(cv2.addWeighted(image, 1.8, soft, -0.8, 0), np.uint8)


def vignetted(image: Image) -> Image:
    """The image darker towards its corners."""
    height_px, width_px = image.shape[:2]
    y, x = np.ogrid[-1 : 1 : height_px * 1j, -1 : 1 : width_px * 1j]
    return (image * (1 - 0.25 * (x**2 + y**2))[:, :, None]).clip(0, 255).astype(np.uint8)


def saturated(image: Image, ratio: float) -> Image:
    """The image with stronger or weaker colours."""
    grey = image.mean(axis=2, keepdims=True)
    return np.clip(grey + (image - grey) * ratio, 0, 255).astype(np.uint8)


def dated(image: Image) -> Image:
    """The orange date of a compact camera in the lower right corner."""
    shown = image.copy()
    height_px, width_px = image.shape[:2]
    place = (round(width_px * 0.6), round(height_px * 0.95))
    scale = width_px / 500
    thickness = max(1, round(2 * scale))
    font = cv2.FONT_HERSHEY_PLAIN
    cv2.putText(shown, "12 08 1999", place, font, 2 * scale, (255, 140, 30), thickness)
    return shown


def watermarked(image: Image) -> Image:
    """Half transparent text across the middle, as a stock agency lays it."""
    layer = image.copy()
    height_px, width_px = image.shape[:2]
    place, scale = (round(width_px * 0.12), round(height_px * 0.55)), width_px / 230
    thickness = max(1, round(3 * scale))
    cv2.putText(
        layer, "PREVIEW", place, cv2.FONT_HERSHEY_SIMPLEX, scale * 1.2, (255,) * 3, thickness
    )
    return np.asarray(cv2.addWeighted(layer, 0.45, image, 0.55, 0), np.uint8)


def stickered(image: Image) -> Image:
    """A yellow face with eyes in the lower left corner."""
    shown = image.copy()
    height_px, width_px = image.shape[:2]
    radius = round(min(height_px, width_px) * 0.12)
    x, y = 2 * radius, height_px - 2 * radius
    cv2.circle(shown, (x, y), radius, (255, 210, 40), -1)
    for side in (-1, 1):
        eye = (x + side * radius // 3, y - radius // 4)
        cv2.circle(shown, eye, max(1, radius // 8), (60, 40, 20), -1)
    cv2.ellipse(shown, (x, y), (radius // 2, radius // 2), 0, 20, 160, (60, 40, 20), 2)
    return shown


def in_story(image: Image) -> Image:
    """Between a blurred copy of itself above and below, as social networks pad it."""
    height_px, width_px = image.shape[:2]
    wide = cv2.resize(image, (width_px * 2, height_px * 2))
    page = cv2.GaussianBlur(wide, (0, 0), width_px / 12)[:, width_px // 2 : width_px // 2 * 3]
    page = np.ascontiguousarray(page[:, :width_px])
    page[height_px // 2 : height_px // 2 + height_px, : page.shape[1]] = image[:, : page.shape[1]]
    return page


def worn(image: Image) -> Image:
    """Mirrored, cropped, brighter and smaller, as it comes back after years."""
    return curved(resized(cut(image[:, ::-1], 0.06, 0.04, 0.97, 0.95), 0.6), gain=1.15)


# By kind: the change, the suffix and the quality of the file.
KINDS: Final[Mapping[str, tuple[Change, str, int]]] = {
    "quality 60": (lambda image: image, ".jpg", 60),
    "quality 25": (lambda image: image, ".jpg", 25),
    "webp": (lambda image: image, ".webp", 75),
    "png": (lambda image: image, ".png", 0),
    "half size": (lambda image: resized(image, 0.5), ".jpg", 85),
    "third of the size": (lambda image: resized(image, 0.36), ".jpg", 85),
    "double size": (lambda image: resized(image, 2.0), ".jpg", 60),
    "mirrored": (lambda image: image[:, ::-1], ".jpg", 85),
    "turned by 90": (np.rot90, ".jpg", 85),
    "turned by 180": (lambda image: np.rot90(image, 2), ".jpg", 85),
    "rotated by 3": (lambda image: rotated(image, 3), ".jpg", 85),
    "rotated by 17": (lambda image: rotated(image, 17, 255), ".jpg", 85),
    "cropped by 5 %": (lambda image: cut(image, 0.05, 0.05, 0.95, 0.95), ".jpg", 85),
    "cropped by 15 %": (lambda image: cut(image, 0.15, 0.15, 0.85, 0.85), ".jpg", 85),
    "cropped to a corner": (lambda image: cut(image, 0.0, 0.0, 0.75, 0.7), ".jpg", 85),
    "white border": (lambda image: bordered(image, 0.08, 255), ".jpg", 85),
    "black bars": (lambda image: bordered(image, 0.2, 0, sides=False), ".jpg", 85),
    "brighter 1.2": (lambda image: curved(image, gain=1.2), ".jpg", 85),
    "brighter 1.5": (lambda image: curved(image, gain=1.5), ".jpg", 85),
    "darker 0.6": (lambda image: curved(image, gain=0.6), ".jpg", 85),
    "contrast 1.5": (lambda image: curved(image, gain=1.5, offset=-64), ".jpg", 85),
    "gamma 1.8": (lambda image: curved(image, gamma=1.8), ".jpg", 85),
    "blurred": (lambda image: cv2.GaussianBlur(image, (0, 0), 2.0), ".jpg", 85),
    "grey": (colourless, ".jpg", 85),
    "sepia": (coloured, ".jpg", 85),
    "caption": (captioned, ".jpg", 85),
    "logo": (stamped, ".jpg", 85),
    "screenshot": (on_screen, ".png", 0),
    "all of it": (worn, ".jpg", 70),
}


# Kinds and strengths that no limit was set on; see `copy_limits`.
HELD_OUT: Final[Mapping[str, tuple[Change, str, int]]] = {
    "quality 40": (lambda image: image, ".jpg", 40),
    "quarter of the size": (lambda image: resized(image, 0.25), ".jpg", 85),
    "rotated by 8": (lambda image: rotated(image, 8), ".jpg", 85),
    "turned by 270": (lambda image: np.rot90(image, 3), ".jpg", 85),
    "mirrored upside down": (lambda image: image[::-1], ".jpg", 85),
    "cropped by 10 %": (lambda image: cut(image, 0.1, 0.1, 0.9, 0.9), ".jpg", 85),
    "cropped to a side": (lambda image: cut(image, 0.35, 0.0, 1.0, 1.0), ".jpg", 85),
    "grey border": (lambda image: bordered(image, 0.15, 128), ".jpg", 85),
    "padded for a story": (in_story, ".jpg", 85),
    "wider by 8 %": (lambda image: stretched(image, 1.08), ".jpg", 85),
    "brighter 1.35": (lambda image: curved(image, gain=1.35), ".jpg", 85),
    "gamma 0.6": (lambda image: curved(image, gamma=0.6), ".jpg", 85),
    "faded": (lambda image: curved(image, gain=0.6, offset=70), ".jpg", 85),
    "colours 1.6": (lambda image: saturated(image, 1.6), ".jpg", 85),
    "colours 0.4": (lambda image: saturated(image, 0.4), ".jpg", 85),
    "vignette": (vignetted, ".jpg", 85),
    "noise": (noisy, ".jpg", 85),
    "sharpened": (sharpened, ".jpg", 85),
    "date": (dated, ".jpg", 85),
    "watermark": (watermarked, ".jpg", 85),
    "sticker": (stickered, ".jpg", 85),
    "caption above": (lambda image: captioned(image[::-1], "so it goes")[::-1], ".jpg", 85),
}


def planted(image: Image, kind: str) -> tuple[bytes, str]:
    """A changed copy of an image uint8[H, W, 3] RGB: the bytes of its file, and the suffix."""
    change, suffix, quality = (KINDS | HELD_OUT)[kind]
    return encoded(np.ascontiguousarray(change(image)), suffix, quality), suffix
