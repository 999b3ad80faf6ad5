"""The two real faces that anyone has: public-domain portraits inside PyPI packages."""

from functools import lru_cache
from pathlib import Path

import pytest

from facenet_res.core.types import Image
from facenet_res.imaging.decode import read_image

PORTRAITS = ("astronaut", "grace_hopper")


@lru_cache(maxsize=2)
def portrait(name: str) -> Image:
    """One portrait, RGB; the test is skipped where its package is not installed.

    Args:
        name: of PORTRAITS. The array is shared: do not write to it.
    """
    if name == "astronaut":
        data = pytest.importorskip("skimage.data", reason="needs scikit-image (extra `demo`)")
        image: Image = data.astronaut()
    else:
        matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib (extra `demo`)")
        image = read_image(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    image.setflags(write=False)
    return image
