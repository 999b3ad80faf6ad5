"""What a credential allows, by method and by gallery.

A scope is a name ("gallery.read"), a name and a gallery ("gallery.read:staff"), or "*".
"""

from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from facenet_res.core.errors import ArgumentInvalid, PermissionDenied

EVERYTHING: Final = "*"
INFO: Final = "info"
SCOPES: Final = (
    "faces.detect",
    "faces.verify",
    "embeddings.read",
    "gallery.read",
    "gallery.identify",
    "gallery.write",
    "gallery.delete",
)

SCOPE_OF: Final = MappingProxyType(
    {
        "EmbeddingService/Detect": "faces.detect",
        "EmbeddingService/Embed": "embeddings.read",
        "EmbeddingService/EmbedBatch": "embeddings.read",
        "EmbeddingService/EmbedAligned": "embeddings.read",
        "EmbeddingService/VerifyImages": "faces.verify",
        "GalleryService/Enroll": "gallery.write",
        "GalleryService/Identify": "gallery.identify",
        "GalleryService/Verify": "gallery.identify",
        "GalleryService/GetPerson": "gallery.read",
        "GalleryService/ListPeople": "gallery.read",
        "GalleryService/DeletePerson": "gallery.delete",
        "GalleryService/DeleteFace": "gallery.delete",
        # Any valid credential may see limits and thresholds.
        "InfoService/GetInfo": INFO,
    }
)
"""The scope that each method needs; a test holds it complete."""


def check_scopes(scopes: Collection[str]) -> frozenset[str]:
    """The scopes as a set.

    Raises:
        ArgumentInvalid: one is unknown, or there is none.
    """
    for scope in scopes:
        if scope != EVERYTHING and scope.partition(":")[0] not in SCOPES:
            raise ArgumentInvalid(
                f"scope {scope!r} is unknown: scopes are {', '.join(SCOPES)}, each for all "
                "galleries or followed by :GALLERY, and *"
            )
    if not scopes:
        raise ArgumentInvalid(f"no scope is given: scopes are {', '.join(SCOPES)} and *")
    return frozenset(scopes)


def check_allowed(method: str, gallery: str, scopes: Collection[str]) -> None:
    """Checks that the scopes allow a call.

    Args:
        method: as "Service/Method".
        gallery: that is served.
        scopes: of the credential.

    Raises:
        PermissionDenied: they do not.
    """
    needed = SCOPE_OF[method]
    allowed = {EVERYTHING, needed}
    if needed.startswith("gallery."):
        allowed.add(f"{needed}:{gallery}")
    if needed != INFO and allowed.isdisjoint(scopes):
        raise PermissionDenied(f"{method} needs the scope {needed}, which this credential lacks")
