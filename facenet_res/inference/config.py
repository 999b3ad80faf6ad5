"""Settings of the engines and of the batcher."""

from dataclasses import dataclass
from typing import Literal, get_args

from facenet_res.core.errors import ConfigInvalid

Engine = Literal["auto", "openvino", "keras", "onnx"]
Device = Literal["auto", "cpu", "gpu", "tensorrt"]
Precision = Literal["auto", "f32", "bf16", "f16", "int8"]

ENGINES: tuple[str, ...] = get_args(Engine)
DEVICES: tuple[str, ...] = get_args(Device)
PRECISIONS: tuple[str, ...] = get_args(Precision)

THREADS_MAX = 1024
BATCH_MAX = 1024
QUEUE_MAX = 1_000_000
IN_FLIGHT_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfig:
    """Which engine runs the network, and how.

    Attributes:
        engine: "openvino", "keras" or "onnx"; "auto" is OpenVINO, which reads every format of
            ours, or ONNX Runtime where it is installed, the model has an ONNX file, and a short
            measurement found it faster; see `inference.fastest`.
        device: "cpu"; "gpu" (OpenVINO: Intel's, ONNX Runtime: CUDA, Keras: its backend's);
            "tensorrt", of ONNX Runtime alone. "auto" is the CPU, and for Keras a GPU where its
            backend sees one. A device that was asked for is used, or opening fails.
        precision: "f32", "bf16", "f16", "int8" or "auto". Which of them an engine offers on a
            device stands in `inference.choice`; "auto" is int8 where the model folder holds an
            accepted int8 network (OpenVINO on the CPU); else bf16 for our own networks where the
            CPU computes in it (half the time; the cosine to f32 is 0.9997); f32 for everything
            else: a foreign MobileFaceNet's similarities moved by up to 0.02 in bf16.
        threads: of the engine; 0 lets it take every core.
        batch_max: most faces in one call.
        is_cached: whether OpenVINO's compiled network is kept in the user's cache folder.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    engine: Engine = "auto"
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = 0
    batch_max: int = 32
    is_cached: bool = True

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigInvalid(f"engine must be one of {ENGINES}, got {self.engine!r}")
        if self.device not in DEVICES:
            raise ConfigInvalid(f"device must be one of {DEVICES}, got {self.device!r}")
        if self.precision not in PRECISIONS:
            raise ConfigInvalid(f"precision must be one of {PRECISIONS}, got {self.precision!r}")
        if not 0 <= self.threads <= THREADS_MAX:
            raise ConfigInvalid(f"threads must be in [0, {THREADS_MAX}], got {self.threads}")
        if not 1 <= self.batch_max <= BATCH_MAX:
            raise ConfigInvalid(f"batch_max must be in [1, {BATCH_MAX}], got {self.batch_max}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatcherConfig:
    """How the faces of many requests are gathered into one engine call.

    Attributes:
        batch_max: most faces of one engine call.
        queue_max: faces allowed to wait; beyond it callers get QueueFull.
        in_flight_max: engine calls at once. With two the next one is copied and handed over while
            the engine still works; 1 lets the engine rest in between.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    batch_max: int = 32
    queue_max: int = 1024
    in_flight_max: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.batch_max <= BATCH_MAX:
            raise ConfigInvalid(f"batch_max must be in [1, {BATCH_MAX}], got {self.batch_max}")
        if not self.batch_max <= self.queue_max <= QUEUE_MAX:
            raise ConfigInvalid(
                f"queue_max must be in [batch_max = {self.batch_max}, {QUEUE_MAX}], "
                f"got {self.queue_max}"
            )
        if not 1 <= self.in_flight_max <= IN_FLIGHT_MAX:
            raise ConfigInvalid(
                f"in_flight_max must be in [1, {IN_FLIGHT_MAX}], got {self.in_flight_max}"
            )
