"""Whether an exported network returns the embeddings of the Keras network it came from."""

import numpy as np

from facenet_res.core.arrays import cosine
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Faces

SIMILARITY_MIN = 0.9999
FACES = 16
SEED = 20240112
PIXEL_MEAN = 127.5
PIXEL_SCALE = 127.5
"""Every exported network takes (value - 127.5) / 127.5."""


def parity_faces(count: int = FACES) -> Faces:
    """Always the same pictures: soft blobs under fine noise, dark to bright.

    No real face is needed to compare two forms of one network, and none could be shipped.

    Returns:
        uint8[count, 112, 112, 3].
    """
    rng = np.random.default_rng(SEED)
    coarse = rng.uniform(0, 255, (count, 7, 7, 3))
    blobs = coarse.repeat(FACE_SIDE_PX // 7, axis=1).repeat(FACE_SIDE_PX // 7, axis=2)
    noise = rng.normal(0, 12, blobs.shape)
    brightness = np.linspace(0.25, 1.0, count).reshape(-1, 1, 1, 1)
    faces: Faces = np.clip(blobs * brightness + noise, 0, 255).astype(np.uint8)
    return faces


def check_parity(reference: Embeddings, exported: Embedder, file_format: str) -> float:
    """Compares an exported network with the reference's embeddings of `parity_faces()`.

    Args:
        reference: float32[16, D], of the Keras network.
        exported: the same network in another form.
        file_format: what it was exported to, for the message.

    Returns:
        The lowest cosine of all the faces.

    Raises:
        ArtifactInvalid: it is below 0.9999.
    """
    lowest = float(cosine(reference, exported.embed(parity_faces())).min())
    if lowest < SIMILARITY_MIN:
        raise ArtifactInvalid(
            f"the {file_format} export does not return Keras' embeddings: the lowest cosine is "
            f"{lowest:.6f}, least is {SIMILARITY_MIN}; nothing was written"
        )
    return lowest
