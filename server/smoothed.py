"""A time that varies, smoothed: what is to be expected of the next one."""

# Weights of the newest value in mean and deviation, and deviations above the mean that count as
# the upper end: those by which TCP expects an answer (RFC 6298).
MEAN_WEIGHT = 1 / 8
DEVIATION_WEIGHT = 1 / 4
DEVIATIONS = 2


class Smoothed:
    """Mean and mean deviation of recent times, in seconds."""

    def __init__(self) -> None:
        self._mean_s = 0.0
        self._deviation_s = 0.0

    @property
    def upper_s(self) -> float:
        """A time that few exceed; 0 before the first."""
        return self._mean_s + DEVIATIONS * self._deviation_s

    def add(self, seconds: float) -> None:
        """Learns from the newest."""
        if not self._mean_s:
            self._mean_s, self._deviation_s = seconds, seconds / 2
            return
        error_s = seconds - self._mean_s
        self._deviation_s += DEVIATION_WEIGHT * (abs(error_s) - self._deviation_s)
        self._mean_s += MEAN_WEIGHT * error_s
