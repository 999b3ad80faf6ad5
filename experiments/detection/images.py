"""The images that the detector is measured on, each with the face it should find.

The face of an image of `photos.zip` is the largest that YuNet is sure of, a detector of another
make; those of the group images are boxes that people checked. Copies of the first are darkened,
cropped to the face, and turned: the face is where the change puts it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np

from facenet_res.core.types import Box, Image
from facenet_res.evaluation.image_source import open_images
from facenet_res.faces.yunet import YunetConfig, YunetDetector
from facenet_res.imaging.decode import decode_image

SURE: Final = 0.85
SUSPECTED: Final = 0.3
EYES_PX_MIN: Final = 15.0
GAMMA: Final = 2.2
EXPOSURE: Final = 1 / 16
NOISE: Final = 0.003
REGION_SIDE_PX_MIN: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image, and the boxes of the faces that it shows; none where it shows none."""

    pixels: Image
    boxes: tuple[Box, ...]


def portraits(path: Path, yunet: Path, images_max: int) -> Iterator[Sample]:
    """Images of people, with the face that the reference is sure of; others are left out."""
    reference = YunetDetector(yunet, YunetConfig(score_min=SURE))
    with open_images(path) as source:
        names = source.names[:: max(1, -(-len(source.names) // images_max))]
        for name in names:
            pixels = decode_image(source.read(name))
            found = [
                each
                for each in reference.detect(pixels)
                if np.hypot(*(each.landmarks[1] - each.landmarks[0])) >= EYES_PX_MIN
            ]
            if found:
                yield Sample(pixels, (found[0].box,))


def groups(folder: Path) -> Iterator[Sample]:
    """Dlib's example images with their boxes."""
    for sheet in sorted(folder.glob("*.xml")):
        for image in ElementTree.parse(sheet).getroot().iter("image"):  # noqa: S314
            path = folder / image.attrib["file"]
            if not path.is_file():
                continue
            sides = [
                [float(box.attrib[name]) for name in ("left", "top", "width", "height")]
                for box in image.iter("box")
            ]
            boxes = tuple(Box(x, y, x + width, y + height) for x, y, width, height in sides)
            yield Sample(decode_image(path.read_bytes()), boxes)


def darkened(sample: Sample, number: int) -> Sample:
    """A sixteenth of the light, with noise."""
    light = EXPOSURE * (sample.pixels / 255.0) ** GAMMA
    light += np.random.default_rng(number).normal(0.0, NOISE, light.shape)
    dark = np.rint(255.0 * np.clip(light, 0.0, 1.0) ** (1 / GAMMA)).astype(np.uint8)
    return Sample(dark, sample.boxes)


def cropped(sample: Sample, number: int) -> Sample:
    """Cut to the middle 80 % of the face's box: forehead, ears and chin are cut."""
    box = sample.boxes[0]
    x0, y0 = (
        int(max(0, low + 0.1 * side))
        for low, side in ((box.x0, box.width_px), (box.y0, box.height_px))
    )
    x1, y1 = int(box.x1 - 0.1 * box.width_px), int(box.y1 - 0.1 * box.height_px)
    part = np.ascontiguousarray(sample.pixels[y0:y1, x0:x1])
    moved = Box(box.x0 - x0, box.y0 - y0, box.x1 - x0, box.y1 - y0)
    return Sample(part, (moved,))


def turned(sample: Sample, number: int) -> Sample:
    """Turned by 90, 180 or 270 degrees."""
    pixels, (box,) = sample.pixels, sample.boxes
    for _ in range(1 + number % 3):
        width_px = pixels.shape[1]
        pixels = np.rot90(pixels)
        box = Box(box.y0, width_px - box.x1, box.y1, width_px - box.x0)
    return Sample(np.ascontiguousarray(pixels), (box,))


def one_eye(sample: Sample, number: int) -> Sample:
    """Cut to the left or right half of the face's upper half: one eye, and no face to find."""
    box = sample.boxes[0]
    middle = (box.x0 + box.x1) / 2
    x0, x1 = (box.x0, middle) if number % 2 else (middle, box.x1)
    bounds = [int(max(0, value)) for value in (box.y0, (box.y0 + box.y1) / 2, x0, x1)]
    part = sample.pixels[bounds[0] : bounds[1], bounds[2] : bounds[3]]
    return Sample(np.ascontiguousarray(part), ())


def without_faces(samples: list[Sample], yunet: Path) -> Iterator[Sample]:
    """What lies below the face, where the reference does not even suspect one."""
    reference = YunetDetector(yunet, YunetConfig(score_min=SUSPECTED))
    for sample in samples:
        below = sample.pixels[int(max(0, sample.boxes[0].y1 + 0.5 * sample.boxes[0].height_px)) :]
        if min(below.shape[:2]) < REGION_SIDE_PX_MIN:
            continue
        part = np.ascontiguousarray(below)
        if not reference.detect(part) and not reference.detect(part[::-1].copy()):
            yield Sample(part, ())
