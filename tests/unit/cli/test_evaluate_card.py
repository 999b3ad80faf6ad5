"""`evaluate card`: what is wrong is said before the long work, and a run's history is read."""

import json
from pathlib import Path

import pytest

from facenet_res.cli import evaluate_card
from facenet_res.cli.evaluate_card import read_history
from facenet_res.core import exit_codes
from facenet_res.core.errors import DataInvalid
from facenet_res.evaluation import judge_data
from facenet_res.evaluation.judge_data import JudgeConfig
from facenet_res.recognizer import config
from tests.fakes import FakeDetector
from tests.judge_sets import CONFIG, write_judge_files
from tests.unit.cli.conftest import Run


def write_history(folder: Path) -> None:
    """A run of 30 steps that was killed once and wrote step 20 twice."""
    (folder / "training").mkdir(parents=True)
    config = {"input": {"batch_size": 64}, "crops": "crops.zip", "start": "/there/old.safetensors"}
    (folder / "training" / "config.json").write_text(json.dumps({"config": config}))
    rows = [
        {"step": 10, "validation_tar": 0.25},
        {"step": 20, "validation_tar": 0.5},
        {"step": 20, "validation_tar": 0.5625},
        {"step": 30, "loss": 1.0},
    ]
    (folder / "training" / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the data, in miniature."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_judge_files(folder)
    monkeypatch.setenv("FACENET_RES_DATA", str(folder))
    return folder


def test_a_model_is_judged_and_its_card_written(
    run: Run, model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given data with ten people to hold out instead of 150.
    def small(pairs_max: int, more_crops: tuple[Path, ...]) -> JudgeConfig:
        assert (pairs_max, more_crops) == (0, ())
        return CONFIG

    monkeypatch.setattr(judge_data, "JudgeConfig", small)
    monkeypatch.setattr(config, "open_detector", lambda *_, **__: FakeDetector())
    out = tmp_path / "card"

    ran = run("evaluate", "card", "--model", model, "--teacher", model, "--out", out, "--json")

    assert ran.code == exit_codes.OK
    written = json.loads((out / "judged.json").read_text())
    assert written == ran.json
    assert written["model"]["lfw"]["pairs"] == 20
    assert written["model"]["lfw"]["without_face"] == 0
    assert written["model_id"] in (out / "MODEL_CARD.md").read_text()
    assert "<svg" in (out / "judged.html").read_text()


def test_absent_data_are_an_input_error(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACENET_RES_DATA", str(tmp_path / "nowhere"))
    ran = run("evaluate", "card", "--model", model, "--out", tmp_path / "out")
    assert ran.code == exit_codes.INPUT
    assert "4 of 4 data files are missing" in ran.err
    assert "FACENET_RES_DATA" in ran.err
    assert not (tmp_path / "out").exists()


def test_too_few_people_to_hold_out_are_an_input_error(
    run: Run, model: Path, data: Path, tmp_path: Path
) -> None:
    ran = run("evaluate", "card", "--model", model, "--teacher", model, "--out", tmp_path / "out")
    assert ran.code == exit_codes.INPUT
    assert "40 people are needed" in ran.err


def test_a_model_folder_or_a_teacher_that_is_none_is_an_input_error(
    run: Run, model: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    empty = run("evaluate", "card", "--model", tmp_path, "--teacher", model, "--out", out)
    nobody = run("evaluate", "card", "--model", model, "--out", out)
    assert (empty.code, nobody.code) == (exit_codes.INPUT, exit_codes.INPUT)
    assert "no teacher at" in nobody.err


def test_what_cannot_be_written_is_said_before_the_work(
    run: Run, model: Path, data: Path, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    ran = run("evaluate", "card", "--model", model, "--out", in_the_way / "out")
    assert ran.code == exit_codes.INPUT
    assert f"{in_the_way} is no folder" in ran.err


def test_the_history_of_a_run_is_read(tmp_path: Path) -> None:
    write_history(tmp_path)
    history = read_history(tmp_path)
    assert history is not None
    assert (history.steps, history.images) == (30, 1920)
    assert history.validation == ((640, 0.25), (1280, 0.5625))
    assert history.start == "old.safetensors"
    assert history.earlier == ()
    assert read_history(tmp_path / "absent") is None


def test_the_runs_before_it_are_read_in_their_order(tmp_path: Path) -> None:
    write_history(tmp_path)
    for number in (2, 10, 1):
        write_history(tmp_path / str(number))
        (tmp_path / str(number) / "training" / "log.jsonl").write_text(f'{{"step": {number}}}\n')
        earlier = tmp_path / "training" / "earlier" / str(number)
        earlier.parent.mkdir(exist_ok=True)
        (tmp_path / str(number) / "training").rename(earlier)
    history = read_history(tmp_path)
    assert history is not None
    assert [run.steps for run in history.earlier] == [1, 2, 10]
    assert history.images_in_all == (30 + 13) * 64
    (earlier.parent / "2" / "config.json").unlink()
    with pytest.raises(DataInvalid, match=r"earlier/2 holds no record"):
        read_history(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"config": {}}'),
        ("config.json", "[]"),
        ("config.json", "{"),
        ("log.jsonl", '{"loss": 1.0}\n'),
        ("log.jsonl", '{"step": 1, "validation_tar": "much"}\n'),
    ],
)
def test_a_damaged_history_is_refused(tmp_path: Path, name: str, text: str) -> None:
    write_history(tmp_path)
    (tmp_path / "training" / name).write_text(text)
    with pytest.raises(DataInvalid, match="holds no record of a training"):
        read_history(tmp_path)


def test_a_path_is_shown_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate_card._shown(tmp_path / "a") == "a"
    assert evaluate_card._shown(Path("/elsewhere")) == "/elsewhere"
