"""Milliseconds to find the faces of one photograph, by detector and size of the photograph.

Sketch first: P-Net takes 1.8 kMAC a pixel of each scale, 2.2 with channels filled up to eights.
640x480 px from faces of 20 px on are 270,000 px of canvas: 0.6 GMAC, which two AVX2 cores at 3 GHz
do in 6 ms at their peak, and in 9 as its first layer has three channels only. R-Net adds 1.5 MMAC
a candidate, of which a plain photograph has 15 and one full of texture 100: 1 to 4 ms.

A JPEG of 12 MP takes 50 to 100 ms to decode whole; its entropy coding, which a reduced copy does
not save, is half of that.
"""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.faces.align import align_face
from facenet_res.faces.image_faces import detect_faces
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.yunet import YunetDetector
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.imaging.warp import resize
from tests.benchmarks import bench
from tests.portraits import portrait

SIZES_PX = {"250": (250, 250), "640": (640, 480), "4000": (4000, 3000)}

Record = Callable[[str, object], None]


def photograph(width_px: int, height_px: int) -> Image:
    """A photograph with one face, of a sixth of its height."""
    side_px = min(width_px, height_px)
    image = np.full((height_px, width_px, 3), 90, np.uint8)
    image[:side_px, :side_px] = resize(portrait("astronaut"), side_px, side_px)
    return image


def rounds(full: int) -> int:
    return bench.size(smoke=1, full=full)


@pytest.mark.bench
@pytest.mark.parametrize("size", SIZES_PX)
def test_mtcnn(size: str, record_property: Record) -> None:
    image, detector = photograph(*SIZES_PX[size]), MtcnnDetector()
    assert len(detector.detect(image)) == 1
    times = bench.interleaved({"detect": lambda: detector.detect(image)}, rounds(50))
    record_property("ms", times.median_ms("detect"))
    record_property("best_ms", min(times.times_ms["detect"]))


@pytest.mark.bench
@pytest.mark.data
def test_mtcnn_beside_yunet(shared_data: Path, record_property: Record) -> None:
    # Given one photograph of 640x480 px; the two take turns.
    image = photograph(*SIZES_PX["640"])
    mtcnn = MtcnnDetector()
    yunet = YunetDetector(shared_data / "weights" / "yunet_n_dynamic.onnx")
    assert len(mtcnn.detect(image)) == len(yunet.detect(image)) == 1
    times = bench.interleaved(
        {"mtcnn": lambda: mtcnn.detect(image), "yunet": lambda: yunet.detect(image)}, rounds(50)
    )
    for name in ("mtcnn", "yunet"):
        record_property(f"{name}_ms", times.median_ms(name))
    record_property("ratio", str(times.ratio("mtcnn", "yunet")))


@pytest.mark.bench
@pytest.mark.parametrize("size", SIZES_PX)
def test_decode_and_align(size: str, record_property: Record) -> None:
    data = encode_jpeg(photograph(*SIZES_PX[size]))
    (face,) = MtcnnDetector().detect(decode_image(data))
    image = decode_image(data)
    times = bench.interleaved(
        {
            "decode": lambda: decode_image(data),
            "align": lambda: align_face(image, face.landmarks),
        },
        rounds(20),
    )
    record_property("decode_ms", times.median_ms("decode"))
    record_property("align_ms", times.median_ms("align"))


@pytest.mark.bench
def test_a_jpeg_of_12_mp_by_its_copy_and_whole(record_property: Record) -> None:
    # Given the file of 4000x3000 px with one face of 500 px.
    data, detector = encode_jpeg(photograph(*SIZES_PX["4000"])), MtcnnDetector()

    def by_copy() -> object:
        return detect_faces(LazyImage.open(data), detector, 1)

    def whole() -> object:
        image = decode_image(data)
        return align_face(image, detector.detect(image)[0].landmarks)

    # When bytes become a crop, both ways in turn.
    times = bench.interleaved({"copy": by_copy, "whole": whole}, rounds(20))
    for name, work in (("copy", by_copy), ("whole", whole)):
        record_property(f"{name}_ms", times.median_ms(name))
        record_property(f"{name}_mib", peak_mib(work))
    record_property("ratio", str(times.ratio("whole", "copy")))
    # Then the copy takes less memory: a quarter of the pixels.
    assert peak_mib(by_copy) < 0.5 * peak_mib(whole)


def peak_mib(work: Callable[[], object]) -> float:
    """The most memory in arrays at once, in MiB; the networks' own does not count."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
