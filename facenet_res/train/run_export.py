"""From a finished run to a model folder: weights, thresholds, and the record of the training."""

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.artifact import (
    MANIFEST_NAME,
    TRAINING,
    Artifact,
    check_place,
    read_artifact,
)
from facenet_res.core.errors import FileMissing, StateError
from facenet_res.core.progress import Tell
from facenet_res.data.crops import CropSource, fingerprint
from facenet_res.data.joined import open_joined
from facenet_res.data.location import data_path
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.evaluation.calibration import CROPS_MAX, CalibratedThreshold, calibrate_on_people
from facenet_res.evaluation.intervals import least_rate
from facenet_res.export.artifact import ExportConfig, export_artifact
from facenet_res.inference.open import open_embedder
from facenet_res.train.claim import read_record
from facenet_res.train.config import TrainConfig
from facenet_res.train.files import network_path
from facenet_res.train.lineage import EARLIER, copy_record, earlier_runs
from facenet_res.train.log import CONFIG_NAME, LOG_NAME
from facenet_res.train.loop import WEIGHTS_NAME
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.prepare import split_of
from facenet_res.train.run import HELD_OUT_NAME

THRESHOLDS_NAME = "thresholds.json"
CALIBRATION_NAME = "calibration.txt"
HELD_OUT = ("held_out_identities", "held_out_unlabelled", "crops_per_identity_min")
RATES = (1e-2, 1e-3, 1e-4)
BATCH = 32


def export_run(run: Path, out: Path, config: ExportConfig, tell: Tell) -> Artifact:
    """Makes a model folder of a run, with thresholds by the people that it held out.

    `out/training` gets the run's settings, log, held-out people and thresholds, and in
    `earlier/1`, `earlier/2`, ... those of the runs whose weights it began with, the first of them
    first: what `evaluate card` tells a model's history by. A list of crops to calibrate int8 on,
    `calibration.txt`, is taken over from the model that it began with.

    Args:
        run: folder of a finished run.
        out: the folder to make; its parent must exist.
        config: formats and texts. Thresholds that it has not are measured, for those of the rates
            1e-2, 1e-3 and 1e-4 that the run's held-out people support; a name and texts
            that are empty are the run's, the terms those of the model that it began with.
        tell: hears of progress.

    Raises:
        FileMissing: the run is not finished, or its crops are absent.
        StateError: the run is damaged, or its crops are others now.
        ArgumentInvalid, ArtifactInvalid, ModelMismatch, EngineUnavailable, DiskFull: see
            `export_artifact`.
    """
    check_place(out, overwrite=config.overwrite)
    weights = run / WEIGHTS_NAME
    record = read_record(run / CONFIG_NAME)
    if not weights.is_file():
        raise FileMissing(f"the run {run} is not finished: it has no {WEIGHTS_NAME}")
    settings = _settings(record, run)
    origin = network_path(settings["start"]).parent if settings.get("start") else None
    config = replace(
        config,
        name=config.name or settings["name"],
        loss=config.loss or loss_text(settings["loss"]),
        training=config.training or f"{settings['name']}, {settings['steps']:,} steps",
        # The terms of another network's trunk are not those of weights trained on further data.
        licence=config.licence or ("" if settings.get("adapt_start") else _licence(origin)),
    )
    with tempfile.TemporaryDirectory(prefix="facenet-export-") as place:
        training = Path(place) / TRAINING
        _write_history(run, origin, training)
        if not config.thresholds:
            plain = replace(config, formats=("safetensors",), thresholds_of="")
            bare = export_artifact(weights, Path(place) / "bare", plain)
            found = _measured(bare, record, tell)
            config = replace(
                config,
                thresholds=tuple(one.declared() for one in found),
                thresholds_of=bare.manifest.model_id,
            )
            listed = {"model_id": bare.manifest.model_id, "thresholds": [asdict(o) for o in found]}
            (training / THRESHOLDS_NAME).write_text(json.dumps(listed, indent=2) + "\n", "utf-8")
        return export_artifact(weights, out, config, {TRAINING: training})


def loss_text(loss: dict[str, Any]) -> str:
    """A loss in words, such as "arcface (margin_rad 0.5, scale 64) x 0.01 + distillation x 1".

    Args:
        loss: the settings of a `LossConfig`.
    """
    margins = {
        "cosface": ("cosine_margin",),
        "combined": ("angle_factor", "margin_rad", "cosine_margin"),
        "triplet": ("cosine_margin",),
    }
    named = [*margins.get(loss["name"], ("margin_rad",)), "scale"]
    values = ", ".join(f"{name} {loss[name]:g}" for name in named)
    parts = []
    if loss["weight"]:
        parts.append(f"{loss['name']} ({values}) x {loss['weight']:g}")
    if loss["distillation_weight"]:
        parts.append(f"distillation x {loss['distillation_weight']:g}")
    return " + ".join(parts)


def _settings(record: dict[str, Any], run: Path) -> dict[str, Any]:
    """The settings of a run, if it has those that an export asks for."""
    settings: dict[str, Any] = record["config"]
    loss = settings.get("loss")
    asked = [*HELD_OUT, "name", "steps", "crops"]
    lacking = [name for name in asked if name not in settings]
    if lacking or not isinstance(loss, dict) or not set(LossConfig.__slots__) <= set(loss):
        raise StateError(f"{run / CONFIG_NAME} is damaged: it lacks {', '.join(lacking) or 'loss'}")
    return settings


def _licence(origin: Path | None) -> str:
    if origin is None or not (origin / MANIFEST_NAME).is_file():
        return ""
    return read_artifact(origin).manifest.licence


def _write_history(run: Path, origin: Path | None, training: Path) -> None:
    for number, folder in enumerate(earlier_runs(run), start=1):
        copy_record(folder, training / EARLIER / str(number), (CONFIG_NAME, LOG_NAME))
    copy_record(run, training, (CONFIG_NAME, LOG_NAME, HELD_OUT_NAME))
    if origin is not None:
        copy_record(origin / TRAINING, training, (CALIBRATION_NAME,))


def _measured(model: Artifact, record: dict[str, Any], tell: Tell) -> list[CalibratedThreshold]:
    """Thresholds by the impostor pairs of the run's held-out people, as the model serves."""
    settings = record["config"]
    names = [settings["crops"], *settings.get("more_crops", ())]
    with open_joined([data_path(name) for name in names]) as crops:
        if fingerprint(crops) != record["data_sha256"]:
            raise StateError(
                f"the crops {', '.join(names)} are others now than the run was trained on"
            )
        kept = _held_out(crops, record["config"])
        with open_embedder(model.folder, precision="f32") as embedder:
            rows = []
            for start in range(0, len(kept), BATCH):
                numbers = range(start, min(start + BATCH, len(kept)))
                rows.append(embedder.embed(np.stack([kept[n].decode() for n in numbers])))
                tell("held-out people", numbers.stop, len(kept))
        people = [kept.identity(number) for number in range(len(kept))]
    counts = np.unique(people, return_counts=True)[1]
    pairs = (len(people) ** 2 - int((counts**2).sum())) // 2
    rates = [rate for rate in RATES if rate >= least_rate(pairs)]
    if len(counts) < 3 or not rates:
        return []
    tell("thresholds", 0, 1)
    return calibrate_on_people(np.concatenate(rows), people, rates)


def _held_out(crops: CropSource, settings: dict[str, Any]) -> CropSource:
    """The crops that the run judged itself by: those of a doubted label are none of them."""
    part = {name: settings[name] for name in HELD_OUT}
    config = TrainConfig(name="", doubted=settings.get("doubted", ""), **part)
    people = split_of(config, crops).validation
    # Spread evenly: crops of a person lie together.
    chosen = np.linspace(0, len(people) - 1, min(len(people), CROPS_MAX), dtype=np.int64)
    kept = people.subset(chosen)
    return kept.subset(readable_numbers(kept, Skipped(len(kept))))
