"""A folder of people, some enrolled and some non-enrolled people, searched by embeddings."""

import numpy as np

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.errors import ArrayInvalid
from facenet_res.core.types import Embeddings
from facenet_res.evaluation.bootstrap import BootstrapConfig, shared_units
from facenet_res.evaluation.identification import UNKNOWN, person_similarities
from facenet_res.evaluation.identification_report import (
    IdentificationReport,
    judge_identification,
)
from facenet_res.evaluation.photos import PhotosPlan


def judge_search(
    plan: PhotosPlan,
    embeddings: Embeddings,
    model_id: str,
    config: BootstrapConfig | None = None,
) -> IdentificationReport:
    """The figures of a plan. A person is as close as the closest of their enrolled faces.

    Args:
        plan: from `plan_photos`.
        embeddings: float32[B, D], unit rows, of the plan's images: enrolled, known, unknown.
        model_id: names the weights.
        config: rounds and seed of the bootstrap.

    Raises:
        ArrayInvalid: the lengths differ, or an embedding is not finite or not of unit length.
        DataInvalid: there is no query of one kind.
    """
    queries = (*plan.known, *plan.unknown)
    enrolled = len(plan.enrolled)
    if len(embeddings) != enrolled + len(queries):
        raise ArrayInvalid(
            f"{enrolled + len(queries)} images need as many embeddings; got {len(embeddings)}"
        )
    rows = check_embeddings(embeddings, embeddings.shape[-1])
    names = sorted({photo.person for photo in plan.enrolled})
    place = {name: number for number, name in enumerate(names)}
    similarities = person_similarities(
        rows[enrolled:], rows[:enrolled], [place[photo.person] for photo in plan.enrolled]
    )
    people = [place.get(photo.person, UNKNOWN) for photo in queries]
    shown = np.array([photo.person for photo in queries])
    return judge_identification(similarities, people, shared_units(shown, shown), model_id, config)
