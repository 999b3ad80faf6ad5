"""Which engine, device and precision: what may be asked of whom, and what `auto` picks and why."""

from dataclasses import dataclass, replace

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.inference.config import BackendConfig

OFFERED: dict[tuple[str, str], tuple[str, ...]] = {
    ("openvino", "cpu"): ("f32", "bf16", "int8"),
    ("openvino", "gpu"): ("f32", "f16", "int8"),
    ("onnx", "cpu"): ("f32",),
    ("onnx", "gpu"): ("f32",),
    ("onnx", "tensorrt"): ("f32", "f16"),
    ("keras", "cpu"): ("f32", "bf16"),
    ("keras", "gpu"): ("f32", "bf16", "f16"),
}
"""Precisions by engine and device; a pair that is absent is not offered."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was settled on.

    Attributes:
        precision: "f32", "bf16", "f16" or "int8".
        reason: why, in a few words, where it was left to us; else "asked for".
    """

    precision: str
    reason: str


def with_engine(config: BackendConfig) -> BackendConfig:
    """The settings with the engine named, checked against what the engine offers.

    Raises:
        ConfigInvalid: the engine knows no such device, or no such precision on it.
    """
    engine = "openvino" if config.engine == "auto" else config.engine
    devices = [device for name, device in OFFERED if name == engine]
    if config.device not in ("auto", *devices):
        raise ConfigInvalid(
            f"engine {engine} runs on {' or '.join(devices)}, got device {config.device!r}"
        )
    asked = devices if config.device == "auto" else [config.device]
    if config.device == "auto" and engine == "onnx":
        asked = ["cpu"]  # It never picks another, so what only TensorRT offers is not to be had.
    offered = {precision for device in asked for precision in OFFERED[engine, device]}
    if config.precision not in ("auto", *offered):
        raise ConfigInvalid(
            f"engine {engine} on {' or '.join(asked)} computes in "
            f"{' or '.join(sorted(offered))}, got precision {config.precision!r}"
        )
    return replace(config, engine=engine)


def openvino_precision(artifact: Artifact, precision: str, computes_in: set[str]) -> Choice:
    """The precision of OpenVINO.

    Args:
        artifact: the model; what bf16 costs was measured for IResNet, and another's network may
            bear it less well. Its int8 file was accepted when it was made.
        precision: "auto" or what was asked for.
        computes_in: names of the device's own precisions, as OpenVINO spells them.

    Raises:
        ConfigInvalid: int8 is asked for and the model folder holds no quantised network.
        EngineUnavailable: the device does not compute in bf16 or f16.
    """
    has_int8 = artifact.manifest.file_of("openvino_int8") is not None
    wanted = {"bf16": "BF16", "f16": "FP16"}.get(precision)
    if wanted is not None and wanted not in computes_in:
        raise EngineUnavailable(
            f"this device does not compute in {precision}, only in "
            f"{', '.join(sorted(computes_in))}; use precision f32"
        )
    if precision == "int8" and not has_int8:
        raise ConfigInvalid(
            f"{artifact.folder} holds no int8 network; make one: facenet-res develop quantise "
            f"{artifact.folder} --calibration CROPS --out DIR"
        )
    if precision != "auto":
        return Choice(precision, "asked for")
    if has_int8:
        return Choice("int8", "auto: the model folder holds an accepted int8 network")
    if not artifact.manifest.network:
        return Choice("f32", "auto: a network that is not ours may lose more in bf16")
    for name, own in (("BF16", "bf16"), ("FP16", "f16")):
        if name in computes_in:
            return Choice(own, f"auto: the device computes in {own}")
    return Choice("f32", "auto: this CPU has no bf16")
