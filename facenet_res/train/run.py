"""From a config to a finished run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.core.files import write_atomically
from facenet_res.data.crops import CropSource
from facenet_res.data.joined import open_joined
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.train.claim import SKIPPED_NAME, claimed
from facenet_res.train.config import TrainConfig
from facenet_res.train.files import crop_paths
from facenet_res.train.lineage import write_lineage
from facenet_res.train.loop import Progress, RunData, run_steps
from facenet_res.train.pairs_judge import open_pairs_judge
from facenet_res.train.prepare import prepare, spread_faces
from facenet_res.train.run_page import write_page
from facenet_res.train.state import has_state
from facenet_res.train.teacher import Answers

HELD_OUT_NAME = "held_out.txt"


def train(
    config: TrainConfig,
    folder: Path,
    on_progress: Callable[[Progress], None] = lambda _: None,
    answers: Answers | None = None,
) -> Progress:
    """Runs or resumes a training.

    Args:
        config: the run, of `train.recipe.load_recipe`.
        folder: made if absent; a run that stands there already is continued.
        on_progress: called after every step.
        answers: remembers what a teacher said, for the next run of a study.

    Returns:
        Where the run ended; `folder/weights.safetensors` holds the weights, and `held_out.txt`
        the identities it never saw, by which thresholds may be set; `skipped.txt`, where there
        is one, the crops that could not be read and why; `report.html` the curves.

    Raises:
        FileMissing: crops or teacher are absent.
        StateError: the folder holds another run; see `train.claim.claimed`.
        RunLocked: another process trains there.
        DataInvalid: the crops break their format, or too many of them cannot be read.
        TrainingDiverged: the loss is no finite number.
    """
    with open_joined(crop_paths(config)) as crops, claimed(folder, config, crops):
        if not has_state(folder):
            write_lineage(folder, config.start)
        skipped = Skipped(len(crops), folder / SKIPPED_NAME)
        prepared = prepare(config, crops, skipped, folder=folder, answers=answers)
        validation = prepared.split.validation
        held_out = {crops.identities[label] for label in np.unique(validation.labels)}
        write_atomically(folder / HELD_OUT_NAME, "\n".join([*sorted(held_out), ""]).encode())
        validation = validation.subset(readable_numbers(validation, skipped))
        _check_pairs(validation, config.held_out_identities)
        data = RunData(
            prepared.split.train,
            validation,
            open_pairs_judge(config.pairs),
            skipped,
            spread_faces(prepared.split.train, config.statistics_crops, skipped),
        )
        end = run_steps(prepared.learner, config, data, prepared.teachers, folder, on_progress)
    write_page(folder)
    return end


def _check_pairs(validation: CropSource, identities: int) -> None:
    """Raises DataInvalid where no figure could ever be computed: better now than after hours."""
    counts = np.unique(validation.labels, return_counts=True)[1]
    if identities and (len(counts) < 2 or counts.max() < 2):
        raise DataInvalid(
            f"the held-out people cannot be judged by: {len(counts)} with at most "
            f"{counts.max(initial=0)} readable crops of a sure label; need two people, and two "
            "crops of one: see held_out_identities (0 for none) and crops_per_identity_min"
        )
