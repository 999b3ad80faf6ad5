"""Every format and kind of pixels becomes upright RGB of 8 bits."""

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image as PillowImage

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.decode import decode_image
from tests import image_files as files

IMAGE = files.corners_image()
STORED = files.stored_images(IMAGE)

# Pillow's name of each format, how it is written, and how far pixels may be off.
WRITTEN = {
    "jpeg": ("JPEG", {"quality": 95}, 4),
    "progressive": ("JPEG", {"quality": 95, "progressive": True}, 4),
    "png": ("PNG", {}, 0),
    "webp": ("WEBP", {"lossless": True}, 0),
    "heic": ("HEIF", {"quality": 95}, 4),
    "avif": ("AVIF", {"quality": 95}, 4),
    "tiff": ("TIFF", {}, 0),
    "tiff of strips": ("TIFF", {"compression": "tiff_lzw"}, 0),
    "tiff of jpeg": ("TIFF", {"compression": "jpeg", "quality": 95}, 4),
    "big tiff": ("TIFF", {"big_tiff": True}, 0),
    "gif": ("GIF", {}, 0),
    "bmp": ("BMP", {}, 0),
    "ppm": ("PPM", {}, 0),
}


@pytest.fixture(autouse=True, scope="module")
def _heif_is_written() -> None:
    pillow_heif.register_heif_opener()


def written(image: PillowImage.Image | np.ndarray, name: str, **options: object) -> bytes:
    """The file that Pillow writes of an image or of its pixels."""
    file = io.BytesIO()
    image = PillowImage.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, name, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", WRITTEN)
def test_reads_every_format(kind: str) -> None:
    name, options, levels = WRITTEN[kind]
    files.assert_like(decode_image(written(IMAGE, name, **options)), IMAGE, levels)


@pytest.mark.parametrize("name", ["PNG", "TIFF", "GIF", "BMP", "PPM", "AVIF", "HEIF"])
def test_makes_grey_of_every_format_into_rgb(name: str) -> None:
    grey = np.full((48, 64), 77, np.uint8)
    files.assert_like(decode_image(written(grey, name)), np.full((48, 64, 3), 77), levels=1)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "HEIF", "AVIF", "TIFF"])
def test_blends_transparent_pixels_of_every_format_over_white(name: str) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, 32:] = 255
    rgb = decode_image(written(pixels, name))
    assert (rgb[:, :28] >= 253).all()
    assert (rgb[:, 36:] >= 253).all()


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_blends_a_transparent_palette_over_white(name: str) -> None:
    # Given a palette of red and green, red being transparent.
    image = PillowImage.fromarray(np.repeat([[0, 1]], 4, axis=0).astype(np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0])
    # When decoded.
    rgb = decode_image(written(image, name, transparency=0))
    # Then.
    assert rgb[0].tolist() == [[255, 255, 255], [0, 255, 0]]


@pytest.mark.parametrize("mode", ["I;16", "RGB"])
@pytest.mark.parametrize("extension", [".png", ".tiff", ".pgm"])
def test_brings_sixteen_bits_to_eight(mode: str, extension: str) -> None:
    if (mode, extension) == ("RGB", ".pgm"):
        extension = ".ppm"
    wanted = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (4, 1, 3))
    deep = wanted.astype(np.uint16) * 257
    stored = deep if mode == "RGB" else deep[:, :, 0]
    files.assert_like(decode_image(files.encoded(stored, extension)), wanted)


def test_reads_the_colours_of_cmyk() -> None:
    colours = np.zeros((64, 96, 3), np.uint8)
    colours[:, :32], colours[:, 32:64] = (255, 0, 0), (0, 128, 255)
    cmyk = PillowImage.fromarray(colours).convert("CMYK")
    for name in ("JPEG", "TIFF"):
        files.assert_like(decode_image(written(cmyk, name)), colours, levels=6)


def test_refuses_pixels_whose_range_is_unknown() -> None:
    for dtype in (np.float32, np.int32):
        with pytest.raises(ImageUnreadable, match="32 bits; save it with 8 or 16 bits"):
            decode_image(written(np.zeros((4, 4), dtype), "TIFF"))


def test_takes_the_first_frame_of_an_animation() -> None:
    frames = [PillowImage.fromarray(IMAGE), PillowImage.fromarray(255 - IMAGE)]
    for name in ("GIF", "TIFF", "PNG", "WEBP", "AVIF", "HEIF"):
        file = io.BytesIO()
        frames[0].save(file, name, save_all=True, append_images=frames[1:], quality=100)
        files.assert_like(decode_image(file.getvalue()), IMAGE, levels=4)


def test_puts_a_frame_that_is_smaller_than_its_canvas_on_white() -> None:
    # Given an animation of 120x100 px whose first frame covers 80x48 px at (20, 10).
    animation = files.webp_animation([IMAGE], canvas_px=(120, 100), offset_px=(20, 10))
    # When decoded.
    rgb = decode_image(animation)
    # Then.
    wanted = np.full((100, 120, 3), 255, np.uint8)
    wanted[10:58, 20:100] = IMAGE
    files.assert_like(rgb, wanted)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["TIFF", "AVIF", "HEIF"])
def test_turns_other_formats_upright(name: str, orientation: int) -> None:
    # Given a file that stores the image turned, and says so.
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    data = written(STORED[orientation], name, exif=exif.tobytes(), quality=95)
    # When decoded, then it is turned back, and only once.
    files.assert_like(decode_image(data), IMAGE, levels=8)
