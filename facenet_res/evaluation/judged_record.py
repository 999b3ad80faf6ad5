"""The figures of a judgement for machines: `judged.json`, which lies beside the weights.

A test reads it: weights that are worse, or others than those that were judged, do not pass.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Final

from facenet_res.evaluation.judging import Judged
from facenet_res.evaluation.report import finite

RECORD_NAME: Final = "judged.json"
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and by what it was measured.

    Attributes:
        date: YYYY-MM-DD.
        machine: processor and number of CPUs.
        versions: of the packages at work.
        detector: what found the faces.
        command: that does it again.
    """

    date: str
    machine: str
    versions: dict[str, str]
    detector: str
    command: str


def record(model: Judged, teacher: Judged, circumstances: Circumstances) -> dict[str, Any]:
    """The document, of plain values."""
    return {
        "schema": SCHEMA,
        "model_id": model.manifest.model_id,
        **dataclasses.asdict(circumstances),
        "model": figures(model),
        "teacher": figures(teacher),
    }


def record_text(document: dict[str, Any]) -> str:
    """The document as indented JSON; a number that is not finite becomes null."""
    return json.dumps(finite(document), indent=1, ensure_ascii=False) + "\n"


def figures(judged: Judged) -> dict[str, Any]:
    """One network's figures; rates are shares of 1, times milliseconds."""
    lfw, validation, photos = judged.lfw, judged.validation, judged.photos
    return {
        "model_id": judged.manifest.model_id,
        "engine": judged.engine,
        "is_mirrored": judged.is_mirrored,
        "lfw": {
            "pairs": lfw.pairs,
            "photographs": lfw.images,
            "without_face": len(lfw.without_face),
            "accuracy": dataclasses.asdict(lfw.accuracy) if lfw.accuracy else None,
            "sample": dataclasses.asdict(judged.sample),
            "tar_at_far": [dataclasses.asdict(point) for point in lfw.tar_at_far],
        },
        "validation": {
            "people": validation.drawn_count,
            "crops": validation.images,
            "genuine_pairs": validation.genuine_pairs,
            "impostor_pairs": validation.impostor_pairs,
            "tar_at_far": [dataclasses.asdict(point) for point in validation.tar_at_far],
        },
        "photos": {
            "people_enrolled": photos.people_enrolled,
            "faces_enrolled": photos.faces_enrolled,
            "known": photos.known,
            "unknown": photos.unknown,
            "without_face": photos.without_face,
            "rank_1": photos.rank_1,
            "rank_1_interval": dataclasses.asdict(photos.rank_1_interval),
            "named_rightly": photos.named_rightly,
            "named_wrongly": photos.named_wrongly,
            "open_set": dataclasses.asdict(photos.open_set),
            "strangers_named": [dataclasses.asdict(one) for one in judged.non_enrolled],
            "at_fpir": [dataclasses.asdict(one) for one in judged.at_fpir],
        },
        "groups": {
            "threshold": judged.groups.threshold,
            "fmr": judged.groups.fmr,
            "photographs": judged.groups.images,
            "attributes": [
                {
                    "name": attribute.name,
                    "worst": attribute.false_accepts.worst,
                    "worst_to_mean": attribute.false_accepts.worst_to_mean,
                    "groups": {
                        group.name: dataclasses.asdict(group.false_accepts)
                        for group in attribute.groups
                    },
                }
                for attribute in judged.groups.attributes
            ],
        },
        "robustness": [
            {
                "name": one.name,
                "pairs": sum(fold.pairs for fold in one.accuracy.folds),
                "definition": one.definition,
                "accuracy": one.accuracy.mean,
                "standard_error": one.accuracy.standard_error,
                "drop": one.drop,
            }
            for one in judged.robustness
        ],
        "cost": dataclasses.asdict(judged.cost),
    }
