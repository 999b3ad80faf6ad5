"""What reaches every layer of a network before it has learned anything.

Gradients are read by an optimiser that moves nothing: Keras hands every optimiser the gradients
on TensorFlow, JAX and PyTorch alike, and has no other way to them that all three share.
"""

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier import deep_graph

Setting = Literal["bn", "he", "xavier"]
SETTINGS: tuple[Setting, ...] = ("bn", "he", "xavier")
# He's weights are drawn with the variance 2 / n of n inputs, Xavier's with 2 / (n + m) of n inputs
# and m outputs: half of it where a layer is as wide as the one before.
XAVIER_OF_HE = 0.5**0.5
# Below it float32 has no normal numbers, and a quotient by it may overflow.
TINY = 1e-37


@dataclass(frozen=True, slots=True)
class Start:
    """A network before its first step, on one batch.

    Attributes:
        loss: mean cross-entropy.
        gradients: float[L], length of the loss' gradient with respect to the weights of each layer
            that has any, from the image to the classes; shortcuts are left out.
        signals: float[N], length of the gradient that arrives at each batch norm, summed over
            crops and places: the gradient of its beta.
        activations: float[L], root mean square of what each layer gives out, before batch norm.
    """

    loss: float
    gradients: list[float]
    signals: list[float]
    activations: list[float]


def measure_start(
    network: Any, setting: Setting, images: NDArray[np.float32], labels: NDArray[np.int32]
) -> Start:
    """Sends one batch through a fresh network, and the gradient back.

    Args:
        network: of `build_classifier`, fresh; for "xavier" its weights are made smaller here.
        setting: "bn", as it is trained; "he", batch norm switched off; "xavier", that and the
            weights as they were drawn before He et al. 2015 (arXiv:1502.01852).
        images: float32[B, 32, 32, 3].
        labels: int32[B].

    Raises:
        ConfigInvalid: there is no such setting.
    """
    if setting not in SETTINGS:
        raise ConfigInvalid(f"setting must be in {SETTINGS}, got {setting!r}")
    weighted = [
        layer
        for layer in network.layers
        if hasattr(layer, "kernel") and "shortcut" not in layer.name
    ]
    norms = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization) and "shortcut" not in layer.name
    ]
    if setting == "xavier":
        for layer in weighted:
            layer.kernel.assign(layer.kernel * XAVIER_OF_HE)
    model = network if setting == "bn" else _Unnormalised(network)
    lengths = GradientLengths()
    model.compile(
        optimizer=lengths,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,  # for one batch no graph is worth its making
        jit_compile=False,
    )
    loss = float(model.train_on_batch(images, labels))
    found = lengths.by_path()
    return Start(
        loss,
        gradients=[found[layer.kernel.path] for layer in weighted],
        signals=[found[layer.beta.path] for layer in norms],
        activations=_activations(network, weighted, images, is_normalised=setting == "bn"),
    )


class GradientLengths(keras.optimizers.Optimizer):
    """Moves nothing, and keeps the length of each weight's last gradient."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0)

    def build(self, variables: list[Any]) -> None:
        """Makes room for a length for each of the weights."""
        if self.built:
            return
        super().build(variables)
        self.paths = [variable.path for variable in variables]
        self.lengths = [
            self.add_variable(shape=(), dtype="float32", name=f"length{number}")
            for number in range(len(variables))
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Keeps the length of a gradient; called by Keras for each weight."""
        gradient = ops.cast(gradient, "float32")
        # The square of 1e-20 is 0 in float32, and that of 1e20 is infinite.
        largest = ops.maximum(ops.max(ops.abs(gradient)), TINY)
        length = largest * ops.sqrt(ops.sum(ops.square(gradient / largest)))
        self.assign(self.lengths[self._get_variable_index(variable)], length)

    def by_path(self) -> dict[str, float]:
        """The lengths, by the weights' paths."""
        values = [float(ops.convert_to_numpy(length)) for length in self.lengths]
        return dict(zip(self.paths, values, strict=True))


class _Unnormalised(keras.Model):
    """A fresh network whose batch norms do nothing, though their betas have gradients.

    Outside training batch norm applies its running mean and variance, which are 0 and 1 still.
    """

    def __init__(self, network: Any) -> None:
        super().__init__(name="unnormalised")  # its own would start with "_": no name to TensorFlow
        self.network = network

    def call(self, images: Any) -> Any:
        """float32[B, 32, 32, 3] -> float32[B, C]."""
        return self.network(images, training=False)


def _activations(
    network: Any, weighted: list[Any], images: NDArray[np.float32], *, is_normalised: bool
) -> list[float]:
    sizes = [ops.sqrt(ops.mean(ops.square(layer.output))) for layer in weighted]
    with deep_graph(len(weighted)):
        probe = keras.Model(network.input, sizes)
    return [float(ops.convert_to_numpy(size)) for size in probe(images, training=is_normalised)]
