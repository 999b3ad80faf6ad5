"""What the batcher learns from the past, and what it decides by it: how many faces, and when.

Two things are learned. How long a call of each compiled size takes: on a CPU the time grows with
the faces, on a GPU it hardly does. And how soon the next face arrives once the engine could begin.
From these follow, without a setting for the kind of machine:

- how many of the waiting faces to take (5 faces, compiled sizes 4 and 8: on a CPU a call of 4 and
  one of 1, on a GPU one of 8 with three rows of padding);
- whether to wait for another face (see `pays_to_wait`);
- when the call in hand ends, so that the next one is handed over just before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

# Weight of the newest value: a machine that slows down is believed after about four calls.
NEWEST = 0.25


class Pace:
    """Times of calls and gaps between faces, as moving averages."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """See the class.

        Args:
            sizes: of the calls that the engine is compiled for, ascending.
        """
        if not sizes or list(sizes) != sorted(set(sizes)):
            raise AssertionError(f"sizes ascend, got {sizes}")
        self._sizes = tuple(sizes)
        self._call_s: dict[int, float] = {}
        self._gap_s = float("inf")

    def size_of(self, faces: int) -> int:
        """The compiled size of a call of so many faces: the least that holds them."""
        return self._sizes[min(bisect_left(self._sizes, faces), len(self._sizes) - 1)]

    def call_ended(self, faces: int, seconds: float) -> None:
        """Learns how long a call took."""
        size = self.size_of(faces)
        old = self._call_s.get(size, seconds)
        self._call_s[size] = old + NEWEST * (seconds - old)

    def face_came(self, gap_s: float) -> None:
        """Learns how long after the engine could have begun another face arrived."""
        old = gap_s if self._gap_s == float("inf") else self._gap_s
        self._gap_s = old + NEWEST * (gap_s - old)

    def call_s(self, faces: int) -> float:
        """Expected seconds of one call; 0 before the first one has ended."""
        size = self.size_of(faces)
        if size in self._call_s or not self._call_s:
            return self._call_s.get(size, 0.0)
        known = sorted(self._call_s)
        if len(known) == 1:
            return self._call_s[known[0]] * size / known[0]
        # The line through the two measured sizes around it, or through the nearest two.
        right = min(max(bisect_left(known, size), 1), len(known) - 1)
        low, high = known[right - 1], known[right]
        slope = (self._call_s[high] - self._call_s[low]) / (high - low)
        seconds = self._call_s[low] + slope * (size - low)
        # A small call is not faster by the face than a large one, nor a large one than a small.
        least = self._call_s[low] * min(1.0, size / low)
        return max(seconds, least)

    def faces_of_next(self, waiting: int) -> int:
        """How many of the waiting faces the next call takes.

        All of them, padded up to the next compiled size, or as many as fill a smaller one: what
        takes less time in the end.
        """
        largest = self._sizes[-1]
        if waiting >= largest:
            return largest
        filled = self._filled(waiting)
        if filled in {0, waiting}:
            return waiting
        split_s = self.call_s(filled) + self.all_s(waiting - filled)
        return filled if split_s < self.call_s(waiting) else waiting

    def all_s(self, waiting: int) -> float:
        """Expected seconds of the engine for all waiting faces, in as many calls as they take."""
        seconds = 0.0
        while waiting > 0:
            faces = self.faces_of_next(waiting)
            seconds += self.call_s(faces)
            waiting -= faces
        return seconds

    def pays_to_wait(self, waiting: int) -> bool:
        """Whether waiting for one more face shortens the time of all together.

        Let n faces wait, the next one come after a gap g and make the engine's work longer by d.
        Without waiting it begins when the n are done. With waiting, the n are each later by
        g + d, and the newcomer saves the rest of their call and the start of its own:

            wait if (n + 1) (g + d) < seconds of a call of one face

        On a CPU d is the time of a face, and it never pays. A face that comes alone has a gap of
        at least its own call's time before the next one, so it never waits either.
        """
        longer_s = max(0.0, self.all_s(waiting + 1) - self.all_s(waiting))
        return (waiting + 1) * (self._gap_s + longer_s) < self.call_s(1)

    def _filled(self, faces: int) -> int:
        """The largest compiled size that so many faces fill; 0 where they fill none."""
        index = bisect_right(self._sizes, faces)
        return self._sizes[index - 1] if index else 0
