"""A gallery knows its model."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ModelMismatch
from facenet_res.gallery.types import GalleryInfo

INFO = GalleryInfo("model-a", 512, 0.0)
PATH = Path("staff")


@pytest.mark.parametrize("given", [(None, None), ("model-a", None), (None, 512), ("model-a", 512)])
def test_its_own_model_passes_and_so_does_no_question(given: tuple[str | None, int | None]) -> None:
    INFO.check_model(PATH, *given)


def test_another_model_is_named_beside_the_gallerys() -> None:
    with pytest.raises(ModelMismatch, match="staff belongs to model 'model-a', in use is 'b'"):
        INFO.check_model(PATH, "b", 512)


def test_another_dimension_is_named_beside_the_gallerys() -> None:
    with pytest.raises(ModelMismatch, match="512 numbers, model 'model-a' makes 128"):
        INFO.check_model(PATH, "model-a", 128)
