"""What a decision is made with. Free of numpy: the manifest and the CLI's options need it early."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The threshold that decides, and the error rate that it was calibrated for.

    Attributes:
        threshold: least score that counts as a match, in [-1, 1].
        fmr: false match rate of one comparison; None where it was not asked for.
        fpir: false positive identification rate; None where it was not asked for.
        threshold_low: lower end of the threshold's 95 % interval; the threshold itself where it
            was given directly.
        threshold_high: upper end.
        rate_low: lower end of the 95 % interval of the rate that the threshold really has.
        rate_high: upper end.
    """

    threshold: float
    fmr: float | None = None
    fpir: float | None = None
    threshold_low: float = math.nan
    threshold_high: float = math.nan
    rate_low: float = math.nan
    rate_high: float = math.nan
