"""The figures of several judged models side by side, from their records."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.evaluation.judged_record import SCHEMA
from facenet_res.evaluation.page import Table

NO_FIGURE: Final = "-"
RATES: Final = (1e-3, 1e-4)


def read_judged(path: Path) -> dict[str, Any]:
    """The record that `evaluate card` wrote.

    Raises:
        FileMissing: there is none.
        DataInvalid: it is no record, or of another schema.
    """
    if not path.is_file():
        raise FileMissing(f"no record at {path}; facenet-res evaluate card writes judged.json")
    try:
        record = json.loads(path.read_bytes())
        schema = record["schema"]
        record["model"]["lfw"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataInvalid(f"{path} is no record of a judgement: {error!r}") from error
    if schema != SCHEMA:
        raise DataInvalid(f"{path} has schema {schema}, supported is {SCHEMA}")
    return dict(record)


def compared(records: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a figure, one column a model; a figure that a record lacks is a dash.

    Args:
        records: as `read_judged` returns them, by a name for people.
    """
    models = [record["model"] for record in records.values()]
    rows = [("model id", *(str(one["model_id"]) for one in models))]
    rows.append(("LFW, 10 folds", *(_accuracy(one["lfw"]["accuracy"]) for one in models)))
    rows += [
        (
            f"held-out people, TMR at FMR {rate:.0e}",
            *(_tmr(one["validation"]["tar_at_far"], rate) for one in models),
        )
        for rate in RATES
    ]
    photos = [one["photos"] for one in models]
    rows.append(("rank-1 of 30 people", *(_percent(one["rank_1"]) for one in photos)))
    rows.append(
        ("TPIR at FPIR 1 %", *(_percent(one["open_set"]["true_positive_rate"]) for one in photos))
    )
    rows.append(
        (
            "non-enrolled named of 100, threshold for FMR 1e-03",
            *(_named(one["strangers_named"], "fmr", 1e-3) for one in photos),
        )
    )
    rows.append(
        (
            "the same, the gallery's threshold for FPIR 1 %",
            *(_named(one.get("at_fpir", ()), "fpir", 0.01) for one in photos),
        )
    )
    rows += _robustness(models)
    rows += _disparities(models)
    rows.append(("ms a face, one core, f32", *(_ms(one["cost"]) for one in models)))
    rows.append(("files, MB", *(f"{one['cost']['bytes'] / 1e6:.1f}" for one in models)))
    return Table(header=("figure", *records), rows=tuple(rows))


def _robustness(models: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    by_name = [{each["name"]: each for each in one["robustness"]} for one in models]
    return [
        (
            f"accuracy, {name} (2,000 pairs of LFW)",
            *(
                _percent(found[name]["accuracy"]) if name in found else NO_FIGURE
                for found in by_name
            ),
        )
        for name in dict.fromkeys(name for found in by_name for name in found)
    ]


def _disparities(models: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    by_name = [
        {each["name"]: each["worst_to_mean"] for each in one["groups"]["attributes"]}
        for one in models
    ]
    return [
        (
            f"worst FMR over the mean, by {name}",
            *(
                f"{found[name]:.2f}" if found.get(name) is not None else NO_FIGURE
                for found in by_name
            ),
        )
        for name in dict.fromkeys(name for found in by_name for name in found)
    ]


def _accuracy(found: Mapping[str, float] | None) -> str:
    if found is None:
        return NO_FIGURE
    return f"{100 * found['mean']:.2f} % ± {100 * found['standard_error']:.2f}"


def _tmr(points: Sequence[Mapping[str, float]], rate: float) -> str:
    found = [one["true_accept_rate"] for one in points if one["fmr"] == rate]
    return _percent(found[0]) if found else NO_FIGURE


def _named(points: Sequence[Mapping[str, float]], kind: str, rate: float) -> str:
    found = [one["named"] for one in points if one[kind] == rate]
    return f"{found[0]:.0f}" if found else NO_FIGURE


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _ms(cost: Mapping[str, float]) -> str:
    return f"{cost['one_core_ms']:.1f}"
