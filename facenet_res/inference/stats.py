"""What a batcher has done so far, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatcherStats:
    """Counts since the start, and what waits now.

    Attributes:
        requests: accepted ones.
        refused: requests that found the queue full.
        late: requests whose deadline passed before their answer.
        cancelled: requests whose caller went away.
        batches: engine calls that returned.
        failed_batches: engine calls that raised.
        faces: that went through calls that returned.
        failed_faces: of these, those for which the network returned no embedding.
        batch_size_max: faces of the largest call.
        faces_waiting: accepted and not yet in a call.
    """

    requests: int = 0
    refused: int = 0
    late: int = 0
    cancelled: int = 0
    batches: int = 0
    failed_batches: int = 0
    faces: int = 0
    failed_faces: int = 0
    batch_size_max: int = 0
    faces_waiting: int = 0
