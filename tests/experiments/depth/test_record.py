"""A record comes back as it was written, and is not taken for another experiment's."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from experiments.depth.record import Record, check_same, read_record, write_record
from experiments.depth.start import Start
from facenet_res.core.errors import DataInvalid, StateError
from facenet_res.train.environment import Environment

SETTINGS = {"depth": 8, "seed": 0}
RECORD = Record(
    settings=SETTINGS,
    data_sha256="ab",
    starts={"bn": Start(0.7, [1.5, 2e-20], [0.25], [3.0, 4.0])},
    losses=[0.7, 0.5],
    train_s=1.25,
    date="2026-11-25",
    environment=Environment("a machine, 2 CPUs", {"python": "3.11"}),
)


def test_a_round_trip_keeps_everything(tmp_path: Path) -> None:
    write_record(tmp_path / "r.json", RECORD)

    assert read_record(tmp_path / "r.json") == RECORD


def test_what_is_not_finite_is_null_in_the_file_and_nan_again(tmp_path: Path) -> None:
    start = dataclasses.replace(RECORD.starts["bn"], gradients=[math.inf, math.nan])
    write_record(tmp_path / "r.json", dataclasses.replace(RECORD, starts={"bn": start}))

    written = json.loads((tmp_path / "r.json").read_text())
    found = read_record(tmp_path / "r.json").starts["bn"].gradients

    assert written["starts"]["bn"]["gradients"] == [None, None]
    assert all(math.isnan(value) for value in found)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"starts": {"bn": {}}}', '{"starts": 1}'])
def test_a_damaged_record_is_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / "r.json").write_text(damage)

    with pytest.raises(DataInvalid, match=r"r\.json is no whole record"):
        read_record(tmp_path / "r.json")


@pytest.mark.parametrize(
    ("settings", "sha256", "named"),
    [
        ({"depth": 14, "seed": 0}, "ab", "other depth;"),
        ({"depth": 14}, "ab", "other depth, seed;"),
        (SETTINGS, "cd", "other crops;"),
    ],
)
def test_another_experiment_s_record_is_refused(
    settings: dict[str, int], sha256: str, named: str
) -> None:
    with pytest.raises(StateError, match=named):
        check_same(Path("r.json"), RECORD, settings, sha256)
    check_same(Path("r.json"), RECORD, SETTINGS, "ab")
