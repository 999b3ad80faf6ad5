"""What a network's input type demands of the manifest."""

from pathlib import Path

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.manifest import Manifest


def check_normalisation(path: Path, manifest: Manifest, *, is_uint8: bool) -> None:
    """Checks that a network of uint8 receives the pixels as they are.

    Raises:
        ArtifactInvalid: it would receive normalised values, which uint8 cannot hold.
    """
    if is_uint8 and (manifest.mean, manifest.scale) != (0.0, 1.0):
        raise ArtifactInvalid(
            f"{path}: the network takes uint8 and normalises by itself; mean must be 0 and scale "
            f"1, got {manifest.mean:g} and {manifest.scale:g}"
        )
