"""What is known of the terms of other people's weights, to be shown before they are used."""

from pathlib import Path

# Source: the licence notes of deepinsight/insightface and leondgarse/Keras_insightface.
INSIGHTFACE = (
    "The file states no terms. Weights that InsightFace publishes (buffalo_*, arcface_torch, "
    "Glint360K, WebFace, MS1M) are for non-commercial research only."
)
UNKNOWN = "The file states no terms; those of its publisher hold."


def usual_terms(path: Path, *, as_is: bool) -> str:
    """The terms that weights of this kind usually come with."""
    return UNKNOWN if as_is or path.suffix.lower() in (".h5", ".hdf5", ".keras") else INSIGHTFACE
