"""The public API as a newcomer uses it: the same code against this process and a server."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import facenet_res as fr
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.imaging.encode import encode_jpeg
from tests.portraits import portrait
from tests.serving import ServerProcess

pytestmark = pytest.mark.e2e


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """passport.jpg, selfie.jpg, 1.jpg and 2.jpg of one person; party.jpg of another."""
    for name, quality in (("passport", 95), ("selfie", 60), ("1", 90), ("2", 70)):
        image = encode_jpeg(portrait("astronaut"), quality=quality)
        (tmp_path / f"{name}.jpg").write_bytes(image)
    (tmp_path / "party.jpg").write_bytes(encode_jpeg(portrait("grace_hopper")))
    return tmp_path


def use(recognizer: Any, images: Path, gallery_name: str) -> list[Any]:
    """The code that the documentation shows first, and everything that it sees."""
    faces = recognizer.embed(images / "party.jpg")
    result = recognizer.verify(images / "passport.jpg", images / "selfie.jpg", fmr=1e-4)
    seen: list[Any] = [len(faces), faces[0].box.x0, result.is_match, result.score, result.threshold]
    with recognizer.open_gallery(gallery_name, create=True) as gallery:
        gallery.enroll("ada", [images / "1.jpg", images / "2.jpg"], display_name="Ada Lovelace")
        for name in ("party", "selfie"):
            for hit in gallery.identify(images / f"{name}.jpg", fpir=0.01):
                seen += [hit.person_id or "unknown", hit.score, hit.face.box.x0, hit.fpir]
        seen += [gallery.verify("ada", images / "selfie.jpg").is_match]
        seen += [person.name for person in gallery.people()]
        with pytest.raises(fr.errors.UnknownPerson):
            gallery.verify("nobody", images / "selfie.jpg")
    with pytest.raises(fr.errors.FileMissing, match=r"absent\.jpg"):
        recognizer.embed(images / "absent.jpg")
    with pytest.raises(fr.InputError, match="outside the range"):
        recognizer.verify(images / "passport.jpg", images / "selfie.jpg", fmr=1e-9)
    seen += [
        result.error.reason if result.error else "" for result in recognizer.embed_many(images)
    ]
    return seen


def test_a_server_answers_as_the_library_does(images: Path, tmp_path: Path) -> None:
    with fr.FaceRecognizer() as recognizer:
        here = use(recognizer, images, str(tmp_path / "staff"))
    with (
        ServerProcess(tmp_path, default_artifact_dir()) as server,
        fr.connect(server.address) as remote,
    ):
        there = use(remote, images, "gallery")
        with pytest.raises(fr.errors.FileMissing, match="serves 'gallery'"):
            remote.open_gallery("staff")

    assert here[2] is True
    assert "ada" in here
    assert "unknown" in here
    assert len(here) == len(there)
    for one, other in zip(here, there, strict=True):
        assert one == (pytest.approx(other, abs=1e-3) if isinstance(one, float) else other)


def test_the_import_is_instant_and_loads_no_engine() -> None:
    program = (
        "import sys, time; began = time.perf_counter(); import facenet_res\n"
        "assert time.perf_counter() - began < 0.2\n"
        "assert not {'numpy', 'cv2', 'openvino', 'keras', 'faiss', 'grpc'} & set(sys.modules)\n"
        "assert set(facenet_res.__all__) <= set(dir(facenet_res))\n"
        "print(*(getattr(facenet_res, name).__name__ for name in ('Face', 'connect')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "Face connect\n", done.stderr
