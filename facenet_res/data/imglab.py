"""Boxes in dlib's imglab format: an XML file beside the images that it names."""

from pathlib import Path
from xml.etree import ElementTree

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.types import Box

SIDES = ("left", "top", "width", "height")


def read_imglab(sheet: Path) -> dict[Path, tuple[Box, ...]]:
    """The boxes of each image that an XML file names, in its order.

    Args:
        sheet: the file; paths of images are relative to its folder.

    Raises:
        FileMissing: there is no such file, or an image that it names is absent.
        DataInvalid: it is no XML, or an image or box lacks an attribute.
    """
    try:
        # The standard parser resolves no external entity; entities that grow are its own limit.
        root = ElementTree.parse(sheet).getroot()  # noqa: S314
    except FileNotFoundError as error:
        raise FileMissing(f"{sheet}: no such file") from error
    except ElementTree.ParseError as error:
        raise DataInvalid(f"{sheet} is not XML: {error}") from error
    found = {}
    for image in root.iter("image"):
        name = image.get("file")
        if name is None:
            raise DataInvalid(f"{sheet}: an <image> has no attribute 'file'")
        path = sheet.parent / name
        if not path.is_file():
            raise FileMissing(f"{sheet} names {name}, and there is no such image")
        found[path] = tuple(_box(each, sheet) for each in image.iter("box"))
    return found


def _box(element: ElementTree.Element, sheet: Path) -> Box:
    try:
        x, y, width, height = (float(element.attrib[name]) for name in SIDES)
    except (KeyError, ValueError) as error:
        raise DataInvalid(
            f"{sheet}: a <box> needs numbers in {', '.join(SIDES)}, got {dict(element.attrib)}"
        ) from error
    return Box(x, y, x + width, y + height)
