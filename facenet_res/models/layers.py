"""Layers that are as fast as each Keras backend allows.

Keras writes batch normalisation and PReLU as a chain of elementwise operations. On PyTorch the
chain costs a pass over the feature map for each link, and training on a CPU is bound by memory: the
fused kernels go over it once (see DECISIONS.md). Convolutions and pools copy each map to
channels-first memory there; PyTorch has kernels for channels-last memory, which need no copy.
Weights, names and results are those of the Keras layers.
"""

from typing import Any

import keras


class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` without bias and dilation, on channels-last memory on PyTorch."""

    def call(self, inputs: Any) -> Any:
        """float[B, H, W, C] -> float[B, H', W', filters]."""
        if keras.backend.backend() != "torch" or (self.padding == "same" and self.strides[0] > 1):
            return super().call(inputs)
        import torch  # noqa: PLC0415 (only this backend has it)

        kernel = keras.ops.convert_to_tensor(self.kernel).permute(3, 2, 0, 1)
        maps = torch.nn.functional.conv2d(
            _channels_first(inputs),
            kernel.contiguous(memory_format=torch.channels_last),
            stride=self.strides,
            padding=self.kernel_size[0] // 2 if self.padding == "same" else 0,
        )
        return _channels_last(maps)


class MaxPooling2D(keras.layers.MaxPooling2D):
    """`keras.layers.MaxPooling2D` without padding, on channels-last memory on PyTorch."""

    def call(self, inputs: Any) -> Any:
        """float[B, H, W, C] -> float[B, H', W', C]."""
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        from torch.nn import functional  # noqa: PLC0415 (only this backend has it)

        maps = functional.max_pool2d(_channels_first(inputs), self.pool_size, self.strides)
        return _channels_last(maps)


class AveragePooling2D(keras.layers.AveragePooling2D):
    """`keras.layers.AveragePooling2D` without padding, on channels-last memory on PyTorch."""

    def call(self, inputs: Any) -> Any:
        """float[B, H, W, C] -> float[B, H', W', C]."""
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        from torch.nn import functional  # noqa: PLC0415 (only this backend has it)

        maps = functional.avg_pool2d(_channels_first(inputs), self.pool_size, self.strides)
        return _channels_last(maps)


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
