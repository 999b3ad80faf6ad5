"""Face recognition that a company runs itself: verification, identification, deduplication.

    import facenet_res as fr

    recognizer = fr.FaceRecognizer()
    result = recognizer.verify("passport.jpg", "selfie.jpg", fmr=1e-4)

The names in `__all__` are the public API; each is imported when it is first used, so that
`import facenet_res` loads neither an engine nor a network.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facenet_res.client.client import connect
    from facenet_res.core import errors
    from facenet_res.core.errors import FacenetError, InputError, StateError, Unavailable
    from facenet_res.core.model_names import list_models
    from facenet_res.core.operating_point import OperatingPoint
    from facenet_res.core.types import (
        Box,
        Candidate,
        Face,
        FaceQuality,
        Identification,
        ImageResult,
        Verification,
    )
    from facenet_res.recognizer.config import RecognizerConfig
    from facenet_res.recognizer.gallery import Gallery
    from facenet_res.recognizer.info import RecognizerInfo
    from facenet_res.recognizer.recognizer import FaceRecognizer

__version__ = "0.1.0"

__all__ = [
    "Box",
    "Candidate",
    "Face",
    "FaceQuality",
    "FaceRecognizer",
    "FacenetError",
    "Gallery",
    "Identification",
    "ImageResult",
    "InputError",
    "OperatingPoint",
    "RecognizerConfig",
    "RecognizerInfo",
    "StateError",
    "Unavailable",
    "Verification",
    "connect",
    "errors",
    "list_models",
]

_MODULES = {
    "client.client": ("connect",),
    "core": ("errors",),
    "core.errors": ("FacenetError", "InputError", "StateError", "Unavailable"),
    "core.model_names": ("list_models",),
    "core.operating_point": ("OperatingPoint",),
    "core.types": (
        *("Box", "Candidate", "Face", "FaceQuality", "Identification", "ImageResult"),
        "Verification",
    ),
    "recognizer.config": ("RecognizerConfig",),
    "recognizer.gallery": ("Gallery",),
    "recognizer.info": ("RecognizerInfo",),
    "recognizer.recognizer": ("FaceRecognizer",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOMES[name].startswith("client"):
        # Said here, since the client's modules cannot be imported without gRPC.
        import_module(f"{__name__}.core.extras").require(
            "the client", ("grpc", "grpc_health"), "client"
        )
    if name == "errors":
        return import_module(f"{__name__}.core.errors")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})
