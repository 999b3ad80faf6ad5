"""Judged models row by row, from the committed records."""

import json
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.evaluation.judged_compare import compared, read_judged
from tests.unit.cli.conftest import Run, run  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[3]
FORMER = ROOT / "docs/studies/former-default.json"
PRESENT = default_artifact_dir() / "judged.json"


def test_each_figure_has_a_row_and_each_model_a_column() -> None:
    table = compared({"former": read_judged(FORMER), "present": read_judged(PRESENT)})
    rows = {row[0]: row[1:] for row in table.rows}
    assert table.header == ("figure", "former", "present")
    assert rows["LFW, 10 folds"][0].startswith("97.50 %")
    assert rows["held-out people, TMR at FMR 1e-03"][0] == "77.96 %"
    # The former record is older than the figure.
    assert rows["the same, the gallery's threshold for FPIR 1 %"][0] == "-"
    assert "worst FMR over the mean, by origin" in rows
    assert all(len(row) == 3 for row in table.rows)


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="evaluate card writes"):
        read_judged(tmp_path / "judged.json")
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(DataInvalid, match="no record of a judgement"):
        read_judged(tmp_path / "other.json")
    changed = json.loads(FORMER.read_text()) | {"schema": 7}
    (tmp_path / "later.json").write_text(json.dumps(changed))
    with pytest.raises(DataInvalid, match="schema 7, supported is 1"):
        read_judged(tmp_path / "later.json")


def test_the_command_prints_the_table(run: Run) -> None:  # noqa: F811
    ran = run("evaluate", "compare", f"a={FORMER}", f"b={PRESENT}", "--json")
    assert ran.code == exit_codes.OK
    assert ran.json[0]["figure"] == "model id"
    with pytest.raises(SystemExit):
        run("evaluate", "compare", "nothing")
