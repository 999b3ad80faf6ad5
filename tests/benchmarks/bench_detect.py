"""Milliseconds to find the faces of one photograph, by detector and size of the photograph.

Sketch first: P-Net takes 1.8 kMAC a pixel of each scale. 640x480 px from faces of 20 px on are
223,000 px over all scales: 0.4 GMAC, 8 ms at the 100 GFLOP/s that two cores sustain on larger
convolutions; with 10 to 32 channels half of that is good. R-Net and O-Net add 1.5 and 12 MMAC a
candidate: 5 ms for 100 and 5. So 20 ms is near, and below 12 ms needs fewer pixels or bf16.
"""

from collections.abc import Callable

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.faces.align import align_face
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from tests.benchmarks import bench
from tests.portraits import portrait

SIZES_PX = {"250": (250, 250), "640": (640, 480), "4000": (4000, 3000)}


def photograph(width_px: int, height_px: int) -> Image:
    """A photograph with one face, of a sixth of its height."""
    side_px = min(width_px, height_px)
    image = np.full((height_px, width_px, 3), 90, np.uint8)
    image[:side_px, :side_px] = resize(portrait("astronaut"), side_px, side_px)
    return image


@pytest.mark.bench
@pytest.mark.parametrize("size", SIZES_PX)
def test_mtcnn(size: str, record_property: Callable[[str, object], None]) -> None:
    image, detector = photograph(*SIZES_PX[size]), MtcnnDetector()
    assert len(detector.detect(image)) == 1
    record_property(
        "ms", bench.best_ms(lambda: detector.detect(image), repeats=bench.size(smoke=1, full=50))
    )


@pytest.mark.bench
@pytest.mark.parametrize("size", SIZES_PX)
def test_decode_and_align(size: str, record_property: Callable[[str, object], None]) -> None:
    data = encode_jpeg(photograph(*SIZES_PX[size]))
    (face,) = MtcnnDetector().detect(decode_image(data))
    repeats = bench.size(smoke=1, full=20)
    record_property("decode_ms", bench.best_ms(lambda: decode_image(data), repeats=repeats))
    image = decode_image(data)
    align_ms = bench.best_ms(lambda: align_face(image, face.landmarks), repeats=repeats)
    record_property("align_ms", align_ms)
