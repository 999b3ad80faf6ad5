"""A pipeline from settings, and settings that cannot be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.pipeline.open import PipelineConfig, open_pipeline
from tests.artifacts import write_random_artifact
from tests.portraits import portrait


def test_the_defaults_find_and_embed_a_real_face(tmp_path: Path) -> None:
    folder = write_random_artifact(tmp_path / "model").folder
    pipeline = open_pipeline(PipelineConfig(artifact_dir=folder))

    face = pipeline.embed_one(encode_jpeg(portrait("astronaut")), largest=True)

    assert face.embedding.shape == (pipeline.embedder.embedding_dim,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"detector": "haar"}, "haar"),
        ({"detector": "yunet"}, "needs detector_model"),
        ({"engine": "magic"}, "magic"),
        ({"batch_max": 0}, "batch_max"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        PipelineConfig(**values)


def test_a_missing_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nowhere"):
        open_pipeline(PipelineConfig(artifact_dir=tmp_path / "nowhere"))
