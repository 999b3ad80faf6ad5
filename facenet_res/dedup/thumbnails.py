"""Small pictures for the report, as data URIs, so that the page needs no other file."""

import base64
from functools import lru_cache
from pathlib import Path
from typing import Final

from facenet_res.core.errors import InputError
from facenet_res.core.types import Box, Image
from facenet_res.dedup.config import DedupConfig
from facenet_res.imaging.decode import read_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize

_QUALITY: Final = 78
# How much around a face is shown, as a share of its box.
_AROUND: Final = 0.35
# A page shows the photos of a group, then perhaps their faces: the last few stay decoded.
_DECODED_MAX: Final = 4


class Thumbnails:
    """Makes them from the photos; one that cannot be read any more has none."""

    def __init__(self, folder: Path, config: DedupConfig) -> None:
        self._side_px = config.thumbnail_px

        @lru_cache(maxsize=_DECODED_MAX)
        def decoded(path: str) -> Image | None:
            try:
                return read_image(folder / path, config.limits)
            except InputError:
                return None

        self._decoded = decoded

    def photo(self, path: str) -> str:
        """The whole photo; "" where it is gone."""
        image = self._decoded(path)
        return "" if image is None else self._uri(image)

    def face(self, path: str, box: Box) -> str:
        """A face with a little around it; "" where the photo is gone."""
        image = self._decoded(path)
        if image is None:
            return ""
        height_px, width_px = image.shape[:2]
        half = max(box.width_px, box.height_px) * (0.5 + _AROUND)
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        left, top = max(0, round(x - half)), max(0, round(y - half))
        crop = image[top : max(top, round(y + half)), left : max(left, round(x + half))]
        return self._uri(crop) if crop.size else self._uri(image[:height_px, :width_px])

    def _uri(self, image: Image) -> str:
        height_px, width_px = image.shape[:2]
        ratio = min(1.0, self._side_px / max(height_px, width_px))
        small = resize(image, max(1, round(width_px * ratio)), max(1, round(height_px * ratio)))
        encoded = base64.b64encode(encode_jpeg(small, _QUALITY)).decode("ascii")
        return f"data:image/jpeg;base64,{encoded}"
