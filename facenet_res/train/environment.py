"""What a measured figure holds for: the machine and the versions at work."""

import platform
from dataclasses import dataclass

import keras

from facenet_res import __version__
from facenet_res.core.machine import machine_text, package_version


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
        machine_text(),
        {
            "facenet-res": __version__,
            "python": platform.python_version(),
            **{package: package_version(package) for package in packages},
        },
    )
