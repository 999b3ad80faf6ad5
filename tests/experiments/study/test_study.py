"""Trials are trained once, recorded, and end up in a table."""

import dataclasses
import datetime
from pathlib import Path

import pytest

from experiments.study.measure import measure_study
from experiments.study.page import page_text
from experiments.study.record import Record, read_record, settings_of, write_record
from experiments.study.trial import Study, Trial, load_study
from facenet_res.core.errors import ConfigInvalid, DataInvalid, FileMissing, StateError
from facenet_res.train.config import TrainConfig
from facenet_res.train.environment import Environment

TODAY = datetime.date(2026, 11, 25)


@pytest.fixture
def study(tiny_run: TrainConfig) -> Study:
    """Two trainings of two steps, one at half the rate."""
    first = dataclasses.replace(tiny_run, steps=2)
    slow = dataclasses.replace(first.optimizer, learning_rate=0.025)
    second = dataclasses.replace(first, optimizer=slow)
    return Study(
        "Rates",
        "Which rate?",
        (Trial("fast", "Rates", "0.05", first), Trial("slow", "Rates", "0.025", second)),
    )


def a_record(config: TrainConfig, *, start_sha256: str = "") -> Record:
    """What a trial might have come to."""
    return Record(
        config=settings_of(config),
        start_sha256=start_sha256,
        images=48,
        images_per_s=1.5,
        tar={"0.01": 0.5, "0.001": 0.25},
        teacher_cosine=None,
        parameters=1000,
        gmacs=0.5,
        face_ms={"f32": 1.25},
        date="2026-11-25",
        environment=Environment("a machine, 2 CPUs", {"python": "3.11"}),
    )


def test_a_study_is_measured_once_and_becomes_a_table(study: Study, tmp_path: Path) -> None:
    heard: list[str] = []

    records = measure_study(
        study, tmp_path / "runs", tmp_path / "out", TODAY, lambda what, *_: heard.append(what)
    )
    text = page_text(study, records, "the command")

    assert {"fast", "slow", "slow: judging"} <= set(heard)
    configs = [record.config for record in records if record is not None]
    assert configs == [settings_of(t.config) for t in study.trials]
    for record in records:
        assert record is not None
        assert record.images == 2 * 8
        assert 0 <= record.tar["0.001"] <= record.tar["0.01"] <= 1
        assert record.face_ms["f32"] > 0
        assert record.teacher_cosine is None
    assert "| 0.025 | " in text
    assert "Made by `the command`." in text

    heard.clear()
    again = measure_study(study, tmp_path / "gone", tmp_path / "out", TODAY, lambda *_: None)

    assert again == records
    assert not (tmp_path / "gone").exists()


def test_a_trial_whose_file_is_absent_is_left_out_and_the_page_says_so(
    study: Study, tmp_path: Path
) -> None:
    first, second = study.trials
    absent = dataclasses.replace(second, needs=tmp_path / "teacher.onnx")
    partly = dataclasses.replace(study, trials=(first, absent))

    records = measure_study(partly, tmp_path / "runs", tmp_path / "out", TODAY, lambda *_: None)
    text = page_text(partly, records, "the command")

    assert records[1] is None
    assert not (tmp_path / "runs" / "slow").exists()
    assert f"Not run: 0.025. It needs `{tmp_path / 'teacher.onnx'}`, which was absent." in text
    assert "| 0.05 | " in text
    assert "Nothing was measured" in page_text(partly, [None, None], "the command")

    # What was measured elsewhere is read, file or no file.
    found = records[0]
    assert found is not None
    mine = dataclasses.replace(found, config=settings_of(absent.config))
    write_record(tmp_path / "out" / "slow.json", mine)
    again = measure_study(partly, tmp_path / "gone", tmp_path / "out", TODAY, lambda *_: None)
    assert again == [found, mine]


def test_where_a_teacher_lies_is_no_setting(tiny_run: TrainConfig, tmp_path: Path) -> None:
    loss = dataclasses.replace(tiny_run.loss, distillation_weight=1.0)
    teachers = ("weights/first.onnx", str(tmp_path / "second.onnx"))
    config = dataclasses.replace(tiny_run, loss=loss, teachers=teachers)

    assert settings_of(config)["teachers"] == ["weights/first.onnx", "second.onnx"]


def test_a_record_of_other_settings_is_refused_by_name(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    path = tmp_path / "fast.json"
    record = a_record(tiny_run)
    write_record(path, record)

    assert read_record(path, tiny_run) == record
    with pytest.raises(StateError, match=r"other settings \(steps\)"):
        read_record(path, dataclasses.replace(tiny_run, steps=3))
    path.write_text(path.read_text()[:-40])
    with pytest.raises(DataInvalid, match="no whole record"):
        read_record(path, tiny_run)


def test_trials_of_a_table_begin_from_the_same_weights(study: Study, tmp_path: Path) -> None:
    trials = [
        dataclasses.replace(each, config=dataclasses.replace(each.config, start="default"))
        for each in study.trials
    ]
    going_on = dataclasses.replace(study, trials=tuple(trials))
    fast, slow = (
        a_record(trial.config, start_sha256=64 * digit)
        for trial, digit in zip(trials, "01", strict=True)
    )
    out = tmp_path / "out"
    write_record(out / "fast.json", fast)

    def measure() -> list[Record | None]:
        return measure_study(going_on, tmp_path / "runs", out, TODAY, lambda *_: None)

    # The other one would begin from the default weights of today.
    with pytest.raises(StateError, match="fast, slow of one study begin from different weights"):
        measure()
    write_record(out / "slow.json", slow)
    with pytest.raises(StateError, match=r"SHA-256 00.*, 11"):
        measure()
    write_record(out / "slow.json", dataclasses.replace(slow, start_sha256=64 * "0"))
    assert len(measure()) == 2
    assert f"began from `default` with SHA-256 {64 * '0'}." in page_text(going_on, measure(), "x")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "held_out", "told"),
    [("a b", 2, "letters"), ("", 2, "letters"), ("fine", 0, "nothing to judge by")],
)
def test_a_study_that_cannot_be_judged_is_refused(
    tiny_run: TrainConfig, name: str, held_out: int, told: str
) -> None:
    config = dataclasses.replace(tiny_run, held_out_identities=held_out)

    with pytest.raises(ConfigInvalid, match=told):
        Study("", "", (Trial(name, "", "", config),))


def test_two_trials_of_one_name_are_refused(tiny_run: TrainConfig) -> None:
    trial = Trial("twice", "", "", tiny_run)

    with pytest.raises(ConfigInvalid, match="twice"):
        Study("", "", (trial, trial))
    with pytest.raises(ConfigInvalid, match="none"):
        Study("", "", ())


@pytest.mark.parametrize("smoke", [False, True])
@pytest.mark.parametrize(("name", "least"), [("candidates", 5), ("ablation", 18), ("recipe", 12)])
def test_our_own_studies_load(name: str, least: int, smoke: bool) -> None:
    study = load_study(name, smoke=smoke)

    assert len(study.trials) >= least
    settings = [str({**settings_of(t.config), "name": ""}) for t in study.trials]
    # A trial that differs in its name only would compare noise. In a smoke run all are short.
    assert smoke or len(set(settings)) == len(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def study(smoke): return 1", "needs a function"),
        ("study = 3", "needs a function"),
        ("def study(smoke): return 1 / 0", "ZeroDivisionError"),
        ("def study(smoke", "SyntaxError"),
    ],
)
def test_a_file_that_makes_no_study_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)

    with pytest.raises(ConfigInvalid, match=told):
        load_study(str(path))


def test_an_unknown_study_is_told_with_those_that_are() -> None:
    with pytest.raises(FileMissing, match=r"ablation.*candidates"):
        load_study("nothing")
