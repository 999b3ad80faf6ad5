"""A gallery's operating points: by FPIR, by FMR, and beyond what the model is calibrated for."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder

MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.8, 0.79, 0.81), Threshold(1e-4, 0.9, 0.89, 0.91)),
)


def test_a_small_gallery_divides_the_fpir_among_its_people(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        assert gallery.operating_point().fpir == 0.01
        assert gallery.operating_point(fpir=1e-4).threshold == 0.9
        # An FMR above the calibrated range takes the strictest threshold that is still known.
        assert gallery.operating_point(fpir=0.5).threshold == 0.8
        assert gallery.operating_point(fmr=1e-3).threshold == pytest.approx(0.85)
        with pytest.raises(ArgumentInvalid, match="outside the range"):
            gallery.operating_point(fpir=1e-6)
