"""What a measured figure holds for: the machine and the versions at work."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras

from facenet_res import __version__

PROCESSOR_FILE = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where something ran.

    Attributes:
        machine: the processor's name and the number of CPUs.
        versions: of this package, Python, Keras, its backend and NumPy.
    """

    machine: str
    versions: dict[str, str]


def environment() -> Environment:
    """Of this process."""
    backend = keras.backend.backend()
    packages = ("keras", backend, "numpy")
    return Environment(
        f"{_processor()}, {os.cpu_count()} CPUs",
        {
            "facenet-res": __version__,
            "python": platform.python_version(),
            **{package: _version(package) for package in packages},
        },
    )


def _processor() -> str:
    lines = PROCESSOR_FILE.read_text("utf-8").splitlines() if PROCESSOR_FILE.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
