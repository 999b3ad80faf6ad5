"""Another network's trunk as a start: normalisations, head and maps set from training crops."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import Faces
from facenet_res.data.crops import CropSource
from facenet_res.models.blocks import BN_EPSILON
from facenet_res.models.checkpoint import load_trunk
from facenet_res.train.learner import CENTRE, Learner, direct_teacher
from facenet_res.train.teachers import Teachers

HEAD = "embedding"
NORMALISED_BY = 256
BATCH = 64
RIDGE = 1e-2
"""Share of the mean variance of a feature that is added to the diagonal."""

Array = NDArray[np.float64]


def adapt_start(
    learner: Learner,
    weights: Path,
    sample: tuple[CropSource, NDArray[np.int64]],
    teachers: Teachers,
) -> None:
    """Fills a learner with another network's trunk, and fits what follows it to the teachers.

    Args:
        learner: compiled, of a network whose last layer is dense.
        weights: safetensors file with the trunk; its last layer is not used.
        sample: the training crops, and the numbers of some of many people.
        teachers: the teachers; one has the embedding's length.

    Raises:
        ConfigInvalid: no teacher has the embedding's length.
        FileMissing, ArtifactInvalid, ModelMismatch: see `load_trunk`.
    """
    network = learner.network
    direct = direct_teacher(network.output_shape[-1], teachers.dims)
    if direct is None:
        raise ConfigInvalid(
            f"adapt_start needs a teacher of length {network.output_shape[-1]}, "
            f"there are {teachers.dims}"
        )
    crops, numbers = sample
    faces = np.stack([crops[int(number)].decode() for number in numbers])
    load_trunk(network, weights, HEAD)
    _normalise(network, faces[:NORMALISED_BY])
    head = network.get_layer(HEAD)
    features = _computed(keras.Model(network.input, head.input), faces)
    answers = [
        _in_batches(teacher.embed, faces) if kept is None else kept
        for which, teacher in enumerate(teachers.on_host)
        for kept in [teachers.embed_crops(which, crops, numbers)]
    ]
    kernel, bias = ridge(features, answers[direct])
    head.kernel.assign(kernel)
    head.bias.assign(bias)
    embeddings = features @ kernel + bias
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    for linear, rows in zip(learner.maps, answers, strict=True):
        if linear is not None:
            linear.kernel.assign(ridge(embeddings, rows, has_bias=False)[0])


def ridge(x: NDArray[Any], y: NDArray[Any], *, has_bias: bool = True) -> tuple[Array, Array]:
    """The linear map with the least squared error and a small penalty on its weights.

    Args:
        x: float[N, F].
        y: float[N, D].
        has_bias: whether a bias is fitted.

    Returns:
        float64[F, D] and float64[D], zeros without a bias.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    x_mean, y_mean = (each.mean(axis=0) * has_bias for each in (x, y))
    x, y = x - x_mean, y - y_mean
    gram = x.T @ x
    penalty = RIDGE * np.trace(gram) / len(gram)
    kernel = np.linalg.solve(gram + penalty * np.eye(len(gram)), x.T @ y)
    return kernel, y_mean - x_mean @ kernel


def _normalise(network: keras.Model, faces: Faces) -> None:
    """Sets each normalisation's statistics to those of the faces; the function stays the same."""
    layers = [each for each in network.layers if isinstance(each, keras.layers.BatchNormalization)]
    probe = keras.Model(network.input, [layer.input for layer in layers])
    sums = [np.zeros((2, layer.gamma.shape[0])) for layer in layers]
    counts = [0] * len(layers)
    for start in range(0, len(faces), BATCH):
        maps = probe(_input(faces[start : start + BATCH]), training=False)
        for number, each in enumerate(maps):
            values = np.asarray(ops.convert_to_numpy(ops.cast(each, "float32")), np.float64)
            values = values.reshape(-1, values.shape[-1])
            sums[number] += np.stack([values.sum(axis=0), np.square(values).sum(axis=0)])
            counts[number] += len(values)
    for layer, (total, squares), count in zip(layers, sums, counts, strict=True):
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0) + BN_EPSILON)
        gamma, beta, old_mean, old_variance = (
            np.asarray(ops.convert_to_numpy(each.value), np.float64)
            for each in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        )
        slope = gamma / np.sqrt(old_variance + BN_EPSILON)
        layer.gamma.assign(slope * deviation)
        layer.beta.assign(beta + slope * (mean - old_mean))
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(deviation**2 - BN_EPSILON)


def _computed(model: keras.Model, faces: Faces) -> NDArray[np.float32]:
    return _in_batches(lambda some: model.predict_on_batch(_input(some)), faces)


def _in_batches(compute: Any, faces: Faces) -> NDArray[np.float32]:
    parts = [compute(faces[start : start + BATCH]) for start in range(0, len(faces), BATCH)]
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def _input(faces: Faces) -> NDArray[np.float32]:
    return (faces.astype(np.float32) - CENTRE) / CENTRE
