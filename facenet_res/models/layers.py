"""Batch normalisation and PReLU that are as fast as each Keras backend allows.

Keras writes both as a chain of elementwise operations. On PyTorch the chain
costs a pass over the feature map for each link, and training on a CPU is bound
by memory: the fused kernels go over it once (see DECISIONS.md). Weights,
names and results are those of the Keras layers.
"""

from typing import Any

import keras


class BatchNorm(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, fused in training on PyTorch.

    One thing differs there: PyTorch keeps the unbiased variance, larger by the
    factor n / (n - 1), n being batch times area.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """float[B, ..., C] -> float[B, ..., C]."""
        if not training or not self.trainable or keras.backend.backend() != "torch":
            return super().call(inputs, training=training, mask=mask)
        from torch.nn import functional  # noqa: PLC0415 (only this backend has it)

        normalised = functional.batch_norm(
            _channels_first(inputs),
            self.moving_mean.value,
            self.moving_variance.value,
            weight=self.gamma.value if self.scale else None,
            bias=self.beta.value if self.center else None,
            training=True,
            momentum=1.0 - self.momentum,
            eps=self.epsilon,
        )
        return _channels_last(normalised)


class PReLU(keras.layers.PReLU):
    """`keras.layers.PReLU` with a slope per channel, one kernel on PyTorch."""

    def call(self, inputs: Any) -> Any:
        """float[B, H, W, C] -> float[B, H, W, C]."""
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        from torch.nn import functional  # noqa: PLC0415 (only this backend has it)

        slopes = self.alpha.value.reshape(-1).to(inputs.dtype)
        return _channels_last(functional.prelu(_channels_first(inputs), slopes))


def _channels_first(x: Any) -> Any:
    # A view: PyTorch calls this memory order channels_last and has kernels for it.
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def _channels_last(x: Any) -> Any:
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x
