"""`python -m experiments.study`: trains what is missing, and says where the page is."""

from pathlib import Path

import pytest

from experiments.study.__main__ import main
from facenet_res.core import exit_codes
from tests.crops import write_crops

STUDY = """
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from experiments.study.trial import Study, Trial


def study(smoke):
    config = TrainConfig(
        name="tiny",
        crops={crops!r},
        model=ModelConfig(depth=18, width=0.25, stem="half", head="gap", embedding_dim=64),
        input=InputConfig(batch_size=8),
        steps=1 if smoke else 1000,
        precision="float32",
        held_out_identities=2,
        held_out_unlabelled=2,
        crops_per_identity_min=2,
    )
    return Study("Mine", "Does it run?", (Trial("only", "All", "the only one", config),))
"""


def test_a_study_of_one_s_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crops = write_crops(tmp_path / "crops.zip", identities=6, unlabelled=6)
    file = tmp_path / "mine.py"
    file.write_text(STUDY.format(crops=str(crops)))
    words = [str(file), "--smoke", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)]

    assert main(words) == exit_codes.OK

    said = capsys.readouterr()
    assert said.out.splitlines()[1].split()[0] == "only"
    assert said.err.endswith(f"wrote {tmp_path / 'mine.md'}\n")
    assert "| the only one | " in (tmp_path / "mine.md").read_text("utf-8")
    # The second run reads the record.
    trained = (tmp_path / "runs/only/log.jsonl").stat().st_mtime_ns
    assert main(words) == exit_codes.OK
    assert (tmp_path / "runs/only/log.jsonl").stat().st_mtime_ns == trained


def test_an_unknown_study_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["nothing", "--runs", str(tmp_path), "--out", str(tmp_path)]

    assert main(words) == exit_codes.INPUT
    assert (
        "no study 'nothing'; known are ['ablation', 'candidates', 'recipe']"
        in capsys.readouterr().err
    )
