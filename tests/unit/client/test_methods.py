"""Local and remote, blocking and asyncio: one set of methods."""

from facenet_res.client import (
    AsyncFacenetClient,
    AsyncRemoteGallery,
    FacenetClient,
    RemoteGallery,
)
from facenet_res.recognizer.gallery import Gallery
from facenet_res.recognizer.recognizer import FaceRecognizer

# What only a process that has the network and the disk can do, or needs.
LOCAL_RECOGNIZER = {
    "of",
    "open_image",
    "embed_one",
    "embed_faces",
    "operating_point",
    "capture",
}
LOCAL_GALLERY = {"enroll_face", "identify_faces", "verify_face", "operating_point"}


def methods(kind: type) -> set[str]:
    """Public names that a class defines itself."""
    return {name for name in vars(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_methods() -> None:
    assert methods(FacenetClient) | {"read_and_run"} == methods(AsyncFacenetClient)
    assert methods(RemoteGallery) - {"close"} == methods(AsyncRemoteGallery)


def test_a_client_has_the_methods_of_a_recognizer_and_its_gallery() -> None:
    local = methods(FaceRecognizer) - LOCAL_RECOGNIZER - {"deduplicate"}
    assert local <= methods(FacenetClient)
    assert methods(Gallery) - LOCAL_GALLERY - {"open", "info", "counts"} <= methods(RemoteGallery)
