"""The distance to the teacher is one minus the cosine."""

import keras
import numpy as np

from facenet_res.losses.distillation import embedding_distance


def test_is_zero_at_the_teacher_one_across_and_two_opposite() -> None:
    teacher = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    student = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)

    got = keras.ops.convert_to_numpy(embedding_distance(student, teacher))

    np.testing.assert_allclose(got, [0, 1, 2], atol=1e-6)
