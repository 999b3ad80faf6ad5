"""The IResNet of arcface_torch in PyTorch, written from the published facts, with random weights.

The reference that imports are held to: it shares no line with what it tests.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch: Any = pytest.importorskip("torch", reason="needs PyTorch (extra `torch`)")
nn: Any = torch.nn
# Two libraries that each take every core wait for one another.
torch.set_num_threads(1)

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}


class Block(nn.Module):  # type: ignore[misc]
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before, eps=1e-5)
        self.conv1 = nn.Conv2d(before, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, eps=1e-5)
        self.prelu = nn.PReLU(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width, eps=1e-5)
        self.downsample = None
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width, eps=1e-5)
            )

    def forward(self, x: Any) -> Any:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        y = self.bn3(self.conv2(y))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):  # type: ignore[misc]
    def __init__(self, depth: int, width: float, dim: int) -> None:
        super().__init__()
        channels = [round(each * width) for each in (64, 128, 256, 512)]
        self.conv1 = nn.Conv2d(3, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0], eps=1e-5)
        self.prelu = nn.PReLU(channels[0])
        before = channels[0]
        for stage, (count, width_px) in enumerate(zip(BLOCKS[depth], channels, strict=True), 1):
            blocks = [
                Block(before if n == 0 else width_px, width_px, 1 + (n == 0)) for n in range(count)
            ]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            before = width_px
        self.bn2 = nn.BatchNorm2d(before, eps=1e-5)
        self.dropout = nn.Dropout(0.0)
        self.fc = nn.Linear(before * 49, dim)
        self.features = nn.BatchNorm1d(dim, eps=1e-5)

    def forward(self, x: Any) -> Any:
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.dropout(torch.flatten(self.bn2(x), 1))))


class Normalising(nn.Module):  # type: ignore[misc]
    """The network with (value - 127.5) / 128 inside its graph, as MXNet's exports have it."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.eval()

    def forward(self, x: Any) -> Any:
        return self.network((x - 127.5) * 0.0078125)


def random_iresnet(depth: int, width: float = 1.0, dim: int = 512, seed: int = 0) -> Any:
    """The network in inference, every weight and running statistic drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    network = IResNet(depth, width, dim).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.0, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, fan_in**-0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1, generator=generator)
            elif isinstance(module, nn.PReLU):
                module.weight.uniform_(0.1, 0.4, generator=generator)
        # As published: the last gamma is fixed at 1.
        network.features.weight.fill_(1.0)
    return network


def embedded(network: Any, faces: NDArray[np.uint8], scale: float = 127.5) -> NDArray[np.float32]:
    """Unit embeddings of uint8[B, 112, 112, 3] RGB by PyTorch itself."""
    x = torch.from_numpy(((faces.astype(np.float32) - 127.5) / scale).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        y = network(x).numpy()
    unit: NDArray[np.float32] = y / np.linalg.norm(y, axis=1, keepdims=True)
    return unit


def write_onnx(network: Any, path: Path, *, folded: bool = True, batch: int = 2) -> Path:
    """Exports by PyTorch's own exporter, which folds BN into convolutions where asked to."""
    mode = torch.onnx.TrainingMode
    with warnings.catch_warnings():
        # The newer exporter needs a package more; InsightFace's files come from this one.
        warnings.simplefilter("ignore")
        _export(network, path, mode.EVAL if folded else mode.PRESERVE, batch)
    return path


def _export(network: Any, path: Path, training: Any, batch: int) -> None:
    is_folded = training == torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        network,
        (torch.zeros(batch, 3, 112, 112),),
        path,
        dynamo=False,
        training=training,
        do_constant_folding=is_folded,
        input_names=["data"],
        output_names=["fc1"],
        dynamic_axes={"data": {0: "batch"}, "fc1": {0: "batch"}},
        opset_version=17,
    )
