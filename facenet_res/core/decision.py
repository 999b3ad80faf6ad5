"""The decision rule: which threshold a false match rate means."""

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.manifest import FMR_DEFAULT, Manifest
from facenet_res.core.types import OperatingPoint


def operating_point(
    manifest: Manifest,
    *,
    fmr: float | None = None,
    threshold: float | None = None,
    fmr_default: float = FMR_DEFAULT,
) -> OperatingPoint:
    """Turns a false match rate, or a threshold, into an operating point of a model.

    Args:
        manifest: of the model, with its calibrated thresholds.
        fmr: false match rate of one comparison, within the calibrated range.
        threshold: or the least score that counts as a match, in [-1, 1].
        fmr_default: the rate where neither is given.

    Raises:
        ArgumentInvalid: both are given, one is out of range, or the model is not calibrated.
    """
    if threshold is not None:
        if fmr is not None:
            raise ArgumentInvalid(f"pass fmr or threshold, not both; got {fmr}, {threshold}")
        # Written so that NaN fails too.
        if not -1 <= threshold <= 1:
            raise ArgumentInvalid(f"threshold must be a cosine in [-1, 1], got {threshold:g}")
        return OperatingPoint(float(threshold))
    found = manifest.threshold_at(fmr_default if fmr is None else fmr)
    return OperatingPoint(
        found.similarity,
        fmr=found.fmr,
        threshold_low=found.similarity_low,
        threshold_high=found.similarity_high,
    )


def threshold_at(manifest: Manifest, fmr: float) -> float:
    """The threshold for an FMR; the one for the largest calibrated FMR where that is smaller.

    Raises:
        ArgumentInvalid: the FMR is below the calibrated range, or the model is not calibrated.
    """
    calibrated = [each.fmr for each in manifest.thresholds]
    return operating_point(manifest, fmr=min(fmr, max(calibrated, default=fmr))).threshold
