"""An argument of the wrong type is one typed sentence that names it, in every public call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import facenet_res as fr
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, ConfigInvalid, FacenetError
from facenet_res.recognizer.gallery import Gallery
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder, face_at

IMAGE = np.zeros((64, 64, 3), np.uint8)
Call = Callable[[FaceRecognizer], Any]


@pytest.fixture
def recognizer() -> FaceRecognizer:
    return FaceRecognizer.of(FakeDetector([face_at(10, 10, 40)]), FakeEmbedder())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda one: one.embed(""), 'image is an empty path; the current folder is "."'),
        (lambda one: one.embed(5), "got int"),
        (lambda one: one.detect(None), "got NoneType"),
        (lambda one: one.embed(IMAGE.astype(float)), r"got float64\[64, 64, 3\]"),
        (lambda one: one.embed(IMAGE[:, :, 0]), r"got uint8\[64, 64\]"),
        (lambda one: one.embed_aligned(IMAGE), r"faces are uint8\[B, 112, 112, 3\] RGB"),
        (lambda one: one.embed(IMAGE, faces_max="2"), "faces_max must be a whole number"),
        (lambda one: one.embed_many(""), "images is an empty path"),
        (lambda one: one.embed_many(5), "images must be a folder or an iterable"),
        (lambda one: one.verify(IMAGE, IMAGE, threshold="high"), "threshold must be a number"),
        (lambda one: one.open_gallery(None), "path must be a path .* got NoneType"),
        (lambda one: one.open_gallery(""), "path is an empty path"),
        (lambda one: one.deduplicate("", "out", threshold=0.5), "folder is an empty path"),
        (lambda one: one.deduplicate("in", None, threshold=0.5), "out must be a path"),
        (lambda _: FaceRecognizer(model=""), "model is an empty path"),
        (lambda _: FaceRecognizer(model=5), "model must be a path .* got int"),
        (lambda _: FaceRecognizer(engine=5), "engine must be one of .* got 5"),
        (lambda _: fr.connect(""), "address must be host:port, got ''"),
        (lambda _: fr.connect("two words"), "address must be host:port, got 'two words'"),
        (lambda _: fr.connect("127.0.0.1:1", tls="yes"), "tls must be a Tls, True or False"),
    ],
)
def test_a_call_names_the_argument(recognizer: FaceRecognizer, call: Call, words: str) -> None:
    with pytest.raises((ArgumentInvalid, ArrayInvalid, ConfigInvalid), match=words):
        call(recognizer)


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.enroll(5, [IMAGE]),
        lambda one: one.enroll("ada", None),
        lambda one: one.enroll("ada", []),
        lambda one: one.enroll("ada", [IMAGE], metadata=5),
        lambda one: one.enroll("ada", [IMAGE], metadata={"age": 5}),
        lambda one: one.enroll("ada", [IMAGE], display_name=5),
        lambda one: one.identify(None),
        lambda one: one.identify(IMAGE, fpir="low"),
        lambda one: one.identify(IMAGE, threshold=0.5, k="a"),
        lambda one: one.verify(5, IMAGE, threshold=0.5),
        lambda one: one.person(5),
        lambda one: one.delete_person(5),
    ],
)
def test_a_gallery_call_is_typed_too(
    recognizer: FaceRecognizer, tmp_path: Path, call: Callable[[Gallery], Any]
) -> None:
    with recognizer.open_gallery(tmp_path / "gallery", create=True) as gallery:
        gallery.enroll("grace", [IMAGE])
        with pytest.raises(FacenetError):
            call(gallery)
        assert gallery.embeddings.counts().persons == 1
