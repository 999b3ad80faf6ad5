"""The threshold of faces of one person, by how many faces are compared.

Among N faces each is compared with N - 1 others: at an FMR of 1 in 1,000 a face of 8,000 meets
eight strangers that match. So a rate that nobody named is lowered to 1 in N, one such meeting for
each face, and the mean over all pairs of two groups keeps most of these apart. N is rounded up to a
power of two, so that a few new images do not move the threshold and with it the groups.
"""

import math

from facenet_res.dedup.config import DedupConfig


def person_threshold(config: DedupConfig, faces: int) -> tuple[float, float]:
    """The threshold, and the FMR that it stands for; 0 where it was set by hand.

    Between calibrated rates, and below the lowest, the threshold is linear in the logarithm of the
    rate; what lies below was not measured.
    """
    points = sorted(config.calibration, reverse=True)
    rounded = 2 ** math.ceil(math.log2(max(faces, 1)))
    rate = 1 / rounded
    if len(points) < 2 or config.fmr <= 0 or rate >= config.fmr:
        return config.similarity_min, config.fmr
    below = next((row for row in range(1, len(points)) if points[row][0] <= rate), len(points) - 1)
    (rate_a, at_a), (rate_b, at_b) = points[below - 1], points[below]
    share = math.log(rate / rate_a) / math.log(rate_b / rate_a)
    threshold = at_a + share * (at_b - at_a)
    return max(config.similarity_min, min(threshold, 1.0)), rate
