"""From the records of all seeds to a few figures for each network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.depth.record import Record
from experiments.depth.start import Setting
from facenet_res.models.classifier_config import ClassifierConfig

# Steps whose losses are averaged: one batch is too few crops to tell.
WINDOW_STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A figure along a row of layers or steps, from several seeds.

    Attributes:
        middle: float64[N], the mean over the seeds, of logarithms where figures span decades.
        low: float64[N], the least.
        high: float64[N], the greatest.
    """

    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def growth(self) -> float:
        """The first figure as a multiple of the last."""
        return float(self.middle[0] / self.middle[-1])

    @property
    def factor(self) -> float:
        """What one layer toward the image multiplies by, on the average."""
        return float(self.growth ** (1 / (len(self.middle) - 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All seeds of one network.

    Attributes:
        name: such as "cifar-plain110".
        network: what was built.
        records: one for each seed.
    """

    name: str
    network: ClassifierConfig
    records: tuple[Record, ...]

    @property
    def label(self) -> str:
        """For legends, such as "plain, 110 layers"."""
        kind = "plain" if self.network.is_plain else "residual"
        return f"{kind}, {self.network.depth} layers"

    def gradients(self, setting: Setting) -> Band:
        """Of the weights of each layer, from the image to the classes."""
        return _geometric([record.starts[setting].gradients for record in self.records])

    def signals(self, setting: Setting) -> Band:
        """What arrives at each batch norm."""
        return _geometric([record.starts[setting].signals for record in self.records])

    def activations(self, setting: Setting) -> Band:
        """What each layer gives out."""
        return _geometric([record.starts[setting].activations for record in self.records])

    def losses(self) -> Band:
        """float64[S - window + 1]: running means over the last steps of each training."""
        rows = np.asarray([_running_mean(record.losses) for record in self.records])
        return Band(rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0))

    @property
    def step_s(self) -> float:
        """Seconds a step took, mean of all seeds."""
        steps = sum(len(record.losses) for record in self.records)
        return sum(record.train_s for record in self.records) / max(steps, 1)


def summarise(records: list[Record]) -> list[Measured]:
    """Puts the seeds of each network together, in the order in which networks first come."""
    by_network: dict[ClassifierConfig, list[Record]] = {}
    for record in records:
        settings = record.settings
        network = ClassifierConfig(
            family=settings["family"],
            depth=settings["depth"],
            is_plain=settings["is_plain"],
            classes=settings["identities"],
        )
        by_network.setdefault(network, []).append(record)
    return [Measured(network.name, network, tuple(found)) for network, found in by_network.items()]


def window_steps(steps: int) -> int:
    """How many losses are averaged in a training of so many steps."""
    return max(1, min(WINDOW_STEPS, steps // 2))


def _running_mean(losses: list[float]) -> NDArray[np.float64]:
    window = window_steps(len(losses))
    return np.convolve(np.asarray(losses, np.float64), np.full(window, 1 / window), "valid")


def _geometric(rows: list[list[float]]) -> Band:
    values = np.asarray(rows, np.float64)
    return Band(np.exp(np.log(values).mean(axis=0)), values.min(axis=0), values.max(axis=0))
