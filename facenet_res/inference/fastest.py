"""The fastest engine for a model on this machine, by a short measurement that is kept.

OpenVINO is faster for most networks, ONNX Runtime for narrow ones in f32. Where a model folder can
be run by both, each embeds one face a few times in turn when the model is first opened; the answer
is kept in the user's cache folder, for this model, machine and versions.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import DiskFull, EngineUnavailable, NotWritable
from facenet_res.core.files import write_atomically
from facenet_res.core.machine import machine_text
from facenet_res.core.process_environment import cache_folder
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.inference.backend import Backend
from facenet_res.inference.config import BackendConfig

ROUNDS: Final = 7
GAIN_MIN: Final = 0.9
"""Another engine is taken from this share of OpenVINO's time on: less may be chance."""
FIRST: Final = "openvino"
PACKAGES: Final = {"openvino": "openvino", "onnx": "onnxruntime"}

Opener = Callable[[Artifact, BackendConfig], Backend]

log = logging.getLogger(__name__)


def fastest_engine(
    artifact: Artifact,
    config: BackendConfig,
    openers: Mapping[str, Opener],
    folder: Path | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """The engine to take for `engine="auto"`.

    Args:
        artifact: the model.
        config: with engine "auto". A device or precision that was asked for leaves OpenVINO.
        openers: by engine.
        folder: of kept answers; None for the user's cache folder.
        clock: seconds.

    Returns:
        "openvino" or "onnx".
    """
    is_open = config.device in ("auto", "cpu") and config.precision == "auto"
    if not is_open or artifact.manifest.file_of("onnx") is None or not find_spec("onnxruntime"):
        return FIRST
    if artifact.manifest.file_of("openvino_int8") is not None:
        return FIRST
    path = (folder or cache_folder()) / "engines" / f"{_key(artifact, config)}.json"
    if config.is_cached and (kept := _read(path)):
        return kept
    times_ms = _measured(artifact, config, openers, clock)
    if not times_ms:
        return FIRST
    quickest = min(times_ms, key=lambda name: times_ms[name])
    engine = quickest if times_ms[quickest] < GAIN_MIN * times_ms.get(FIRST, np.inf) else FIRST
    log.info("engine %s for %s: ms a face %s", engine, artifact.manifest.model_id, times_ms)
    if config.is_cached:
        _write(path, {"engine": engine, "ms_a_face": times_ms})
    return engine


def _measured(
    artifact: Artifact,
    config: BackendConfig,
    openers: Mapping[str, Opener],
    clock: Callable[[], float],
) -> dict[str, float]:
    """Least milliseconds of one face, by engine; one that cannot open the model is left out."""
    face = np.random.default_rng(0).integers(0, 256, (1, FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
    opened: dict[str, Backend] = {}
    times_ms: dict[str, float] = {}
    try:
        for name in PACKAGES:
            try:
                opened[name] = openers[name](artifact, config)
            except EngineUnavailable as error:
                log.info("engine %s is not measured: %s", name, error)
        # In turn, so that what else the machine does meets all alike; the first round warms up.
        for number in range(ROUNDS + 1):
            for name, backend in opened.items():
                began_s = clock()
                backend.forward(face)
                took_ms = 1000 * (clock() - began_s)
                if number:
                    times_ms[name] = min(times_ms.get(name, np.inf), took_ms)
    finally:
        for backend in opened.values():
            backend.close()
    return times_ms


def _key(artifact: Artifact, config: BackendConfig) -> str:
    """A name for everything that decides which engine is faster."""
    facts = (
        artifact.manifest.model_id,
        [file.sha256 for file in artifact.manifest.files],
        machine_text(),
        config.threads,
        {name: _version(package) for name, package in PACKAGES.items()},
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _read(path: Path) -> str:
    """The kept engine; "" where there is none that can be read."""
    try:
        engine = json.loads(path.read_bytes())["engine"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(engine) if engine in PACKAGES else ""


def _write(path: Path, record: dict[str, object]) -> None:
    try:
        write_atomically(path, json.dumps(record).encode())
    except (DiskFull, NotWritable) as error:
        log.warning("the fastest engine is not kept: %s", error)
