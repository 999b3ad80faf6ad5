"""`models study`: trains what is missing, and says where the page is."""

from pathlib import Path

from facenet_res.core import exit_codes
from tests.crops import write_crops
from tests.unit.cli.conftest import Run

STUDY = """
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.study.trial import Study, Trial


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


def test_a_study_of_one_s_own(run: Run, tmp_path: Path) -> None:
    crops = write_crops(tmp_path / "crops.zip", identities=6, unlabelled=6)
    file = tmp_path / "mine.py"
    file.write_text(STUDY.format(crops=str(crops)))
    words = ["models", "study", file, "--smoke", "--runs", tmp_path / "runs", "--out", tmp_path]

    ran = run(*words)

    assert ran.code == exit_codes.OK
    assert ran.out.splitlines()[1].split()[0] == "only"
    assert ran.err.endswith(f"the page is {tmp_path / 'mine.md'}\n")
    assert "| the only one | " in (tmp_path / "mine.md").read_text("utf-8")
    # The same again reads the record.
    trial = run(*words, "--json").json["trials"][0]
    assert (trial["name"], trial["images"]) == ("only", 8)


def test_an_unknown_study_is_told(run: Run, tmp_path: Path) -> None:
    ran = run("models", "study", "nothing", "--runs", tmp_path, "--out", tmp_path)

    assert ran.code != exit_codes.OK
    assert "no study 'nothing'; known are ['ablation', 'candidates']" in ran.err
