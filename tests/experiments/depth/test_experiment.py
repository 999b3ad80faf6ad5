"""What is measured is kept, a killed run goes on, and ends as if it had not been killed."""

import dataclasses
import datetime
from pathlib import Path

import pytest

from experiments.depth.experiment import measure_depth
from facenet_res.core.errors import DataInvalid, StateError
from tests.experiments.depth.miniature import TODAY, Miniature


class Killed(BaseException):
    """Stands for a signal: nothing catches it."""


def test_each_network_leaves_a_record_and_nothing_else(miniature: Miniature) -> None:
    names = [subject.name for subject in miniature.config.subjects]

    assert sorted(path.name for path in miniature.folder.iterdir()) == sorted(
        f"{name}.json" for name in names
    )
    for subject, record in zip(miniature.config.subjects, miniature.records, strict=True):
        assert record.settings == miniature.config.settings(subject)
        assert len(record.losses) == subject.steps
        assert record.date == TODAY.isoformat()
        assert record.environment.versions["keras"]


def test_progress_is_told_of_every_network(miniature: Miniature) -> None:
    for subject in miniature.config.subjects:
        steps = [what[1:] for what in miniature.told if what[0] == f"{subject.name}, steps"]
        assert steps == [(done, subject.steps) for done in range(1, subject.steps + 1)]


def test_what_is_recorded_is_not_measured_again(miniature: Miniature) -> None:
    told: list[object] = []
    later = TODAY + datetime.timedelta(days=1)

    records = measure_depth(
        miniature.config, miniature.crops, miniature.folder, later, lambda *what: told.append(what)
    )

    assert told == []
    assert [record.date for record in records] == [TODAY.isoformat()] * len(records)


def test_a_run_killed_in_the_midst_of_a_network_ends_as_an_unbroken_one(
    miniature: Miniature, tmp_path: Path
) -> None:
    # given the first network again, with a state after each step, and a kill after the second
    config = dataclasses.replace(
        miniature.config, save_every_s=0.0, subjects=miniature.config.subjects[:1]
    )

    def kill(stage: str, done: int, _: int) -> None:
        if "steps" in stage and done == 2:
            raise Killed

    with pytest.raises(Killed):
        measure_depth(config, miniature.crops, tmp_path, TODAY, kill)
    assert list(tmp_path.glob("*.json")) == []
    faster = dataclasses.replace(config, learning_rate=0.5)
    with pytest.raises(StateError, match=r"cifar-plain8-seed0\.state is of other settings"):
        measure_depth(faster, miniature.crops, tmp_path, TODAY, lambda *_: None)
    told: list[tuple[str, int, int]] = []

    # when it is started again
    (record,) = measure_depth(
        config, miniature.crops, tmp_path, TODAY, lambda *what: told.append(what)
    )

    # then only the third step is made, its loss is the unbroken run's, and the state is gone
    assert [what[1] for what in told if "steps" in what[0]] == [3]
    assert record.losses == pytest.approx(miniature.records[0].losses, rel=1e-4)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_a_folder_of_other_crops_is_refused(miniature: Miniature) -> None:
    crops = [crop for crop in miniature.crops if crop.identity != "person1"]

    with pytest.raises(StateError, match=r"cifar-plain8-seed0\.json .* other crops"):
        measure_depth(miniature.config, crops, miniature.folder, TODAY, lambda *_: None)


def test_too_few_crops_are_said_before_anything_is_built(
    miniature: Miniature, tmp_path: Path
) -> None:
    crops = [crop for crop in miniature.crops if crop.identity == "person1"]

    with pytest.raises(DataInvalid, match="need 2 people with 5 crops or more, found 1"):
        measure_depth(miniature.config, crops, tmp_path, TODAY, lambda *_: None)
