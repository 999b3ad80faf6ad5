"""HEIC is an extra: without its plugin the file is refused with the command that installs it."""

import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.decode import decode_image


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    pillow_heif.register_heif_opener()
    file = BytesIO()
    Pillow.fromarray(np.full((64, 96, 3), 90, np.uint8)).save(file, "HEIF")
    return file.getvalue()


def test_a_heic_without_its_plugin_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic()
    assert decode_image(data).shape == (64, 96, 3)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageUnreadable, match=r"HEIC, which needs pillow_heif: pip install .*heic"):
        decode_image(data)
