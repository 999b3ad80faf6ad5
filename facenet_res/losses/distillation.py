"""Distillation: the student's embedding is drawn to the teacher's of the same crop."""

from typing import Any

from keras import ops


def embedding_distance(student: Any, teacher: Any) -> Any:
    """One minus the cosine between student and teacher.

    Args:
        student: float32[B, D], rows of unit length.
        teacher: float32[B, D], rows of unit length.

    Returns:
        float32[B] in [0, 2].

    Source:
        Function matching: Beyer et al. 2021, arXiv:2106.05237. The teacher
        sees the very crop, augmentation included, that the student sees.
    """
    return 1.0 - ops.sum(student * teacher, axis=-1)
