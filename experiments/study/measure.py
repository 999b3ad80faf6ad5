"""All trials one after the other; what is recorded already is not trained again."""

import contextlib
import datetime
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.study.record import Record, read_record, settings_of, write_record
from experiments.study.trial import Study, Trial
from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid, EngineUnavailable, StateError
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.location import data_path
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.data.split import Split
from facenet_res.evaluation.cost import face_ms
from facenet_res.export.artifact import ExportConfig, export_artifact
from facenet_res.export.quantise import quantised
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.models.census import census
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.environment import environment
from facenet_res.train.files import start_sha256
from facenet_res.train.log import column, read_log
from facenet_res.train.loop import WEIGHTS_NAME, Progress
from facenet_res.train.prepare import open_teachers, split_of
from facenet_res.train.run import train
from facenet_res.train.teacher import Answers
from facenet_res.train.validation import embed_crops, judge

RATES = (1e-2, 1e-3)
CALIBRATION_FACES = 64


def measure_study(
    study: Study, runs: Path, out: Path, today: datetime.date, tell: Tell
) -> list[Record | None]:
    """Trains and judges every trial, or reads what was measured before.

    Args:
        study: what to compare.
        runs: gets a run's folder for each trial: a call that was killed goes on there.
        out: gets NAME.json for each trial that is finished; made where absent.
        today: goes into the records that are new.
        tell: hears of progress.

    Returns:
        A record for each of `study.trials`, in their order; None for one that needs a file that
        is not here.

    Raises:
        StateError: a record or a run is of other settings or crops, or trials that should begin
            alike would begin from different weights.
        DataInvalid: crops or a record are damaged.
        TrainingDiverged: a loss is no finite number.
        DiskFull: nothing could be written.
    """
    known = {
        trial.name: read_record(out / f"{trial.name}.json", trial.config)
        for trial in study.trials
        if (out / f"{trial.name}.json").exists()
    }
    _check_starts(study, known)
    records: list[Record | None] = []
    times: dict[ModelConfig, dict[str, float]] = {}
    answers = Answers()
    for trial in study.trials:
        if trial.name not in known:
            if not _can_run(trial):
                records.append(None)
                continue
            folder = runs / trial.name
            train(trial.config, folder, _steps(trial.name, tell), answers)
            tell(f"{trial.name}: judging", 0, 1)
            known[trial.name] = _judged(trial.config, folder, today, times)
            write_record(out / f"{trial.name}.json", known[trial.name])
            tell(f"{trial.name}: judging", 1, 1)
        records.append(known[trial.name])
    return records


def _check_starts(study: Study, known: dict[str, Record]) -> None:
    """Refuses a table whose trials began from weights that changed between them."""
    starts: dict[str, dict[str, str]] = {}
    for trial in study.trials:
        found = known.get(trial.name)
        if not trial.config.start or (found is None and not _can_run(trial)):
            continue
        sha256 = start_sha256(trial.config) if found is None else found.start_sha256
        starts.setdefault(trial.config.start, {}).setdefault(sha256, trial.name)
    for start, names in starts.items():
        if len(names) > 1:
            raise StateError(
                f"trials {', '.join(names.values())} of one study begin from different weights at "
                f"{start!r} (SHA-256 {', '.join(names)}): remove the older records to measure them "
                "anew"
            )


def _can_run(trial: Trial) -> bool:
    return trial.needs is None or trial.needs.is_file()


def _steps(name: str, tell: Tell) -> Callable[[Progress], None]:
    return lambda now: tell(name, now.step, now.steps)


def _judged(
    config: TrainConfig,
    folder: Path,
    today: datetime.date,
    times: dict[ModelConfig, dict[str, float]],
) -> Record:
    """The record of a trained network; one like an earlier one, but for weights, has its times."""
    _, rates = column(read_log(folder), "images_per_s")
    size = census(config.model)
    with (
        open_crops(data_path(config.crops)) as crops,
        tempfile.TemporaryDirectory() as place,
    ):
        split = split_of(config, crops)
        readable = readable_numbers(split.validation, Skipped(len(split.validation)))
        held_out = split.validation.subset(readable)
        artifact = export_artifact(
            folder / WEIGHTS_NAME, Path(place) / "model", ExportConfig(name="trial")
        )
        exact = BackendConfig(engine="openvino", device="cpu", precision="f32", is_cached=False)
        with BackendEmbedder(open_backend(artifact, exact), artifact.manifest) as embedder:
            embeddings = embed_crops(held_out, embedder.embed)
        people = [held_out.identity(number) for number in range(len(held_out))]
        if config.model not in times:
            calibration = range(min(CALIBRATION_FACES, len(people)))
            faces = np.stack([held_out[number].decode() for number in calibration])
            times[config.model] = _face_ms(artifact, faces)
        return Record(
            config=settings_of(config),
            start_sha256=start_sha256(config),
            images=config.steps * config.input.batch_size,
            images_per_s=round(statistics.median(rates), 1),
            tar={f"{rate:g}": judge(embeddings, people, rate) for rate in RATES},
            teacher_cosine=_teacher_cosine(config, split, held_out, embeddings),
            parameters=size.parameters,
            gmacs=size.macs / 1e9,
            face_ms=times[config.model],
            date=today.isoformat(),
            environment=environment(),
        )


def _teacher_cosine(
    config: TrainConfig, split: Split, held_out: CropSource, embeddings: Embeddings
) -> float | None:
    if not config.teachers:
        return None
    teacher = open_teachers(config, split, Skipped(len(split.train))).on_host[0]
    told = embed_crops(held_out, teacher.embed)
    if told.shape != embeddings.shape:
        return None
    return float((told * embeddings).sum(axis=1).mean())


def _face_ms(artifact: Artifact, faces: Faces) -> dict[str, float]:
    """Median milliseconds a face on one core, in each precision that can be had here."""
    found = {"f32": face_ms(artifact, "f32")}
    with contextlib.suppress(EngineUnavailable):
        found["bf16"] = face_ms(artifact, "bf16")
    # Not every width can be quantised, nor is NNCF always there.
    with (
        contextlib.suppress(EngineUnavailable, ArtifactInvalid, ConfigInvalid),
        tempfile.TemporaryDirectory() as place,
    ):
        found["int8"] = face_ms(quantised(artifact, faces, Path(place)), "int8")
    return {precision: round(ms, 2) for precision, ms in found.items()}
