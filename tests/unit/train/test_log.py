"""A run's log is read back as it was meant, by us and by TensorBoard."""

from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.train.events import EventLog
from facenet_res.train.log import LOG_NAME, RunLog, column, read_log


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    loader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_file_loader", reason="needs tensorboard"
    )
    log = EventLog(tmp_path, lambda: 1_700_000_000.5)
    log.write(300, {"loss": 0.25, "validation_tar": 0.5})

    (path,) = tmp_path.iterdir()
    version, event = loader.LegacyEventFileLoader(str(path)).Load()

    assert version.file_version == "brain.Event:2"
    assert (event.step, event.wall_time) == (300, 1_700_000_000.5)
    assert {v.tag: v.simple_value for v in event.summary.value} == {
        "loss": 0.25,
        "validation_tar": 0.5,
    }


def test_a_step_written_twice_counts_once_and_a_line_cut_off_not_at_all(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.write(50, {"loss": 2.0})
    log.write(50, {"validation_tar": 0.1})
    log.write(50, {"loss": 1.0})
    with (tmp_path / LOG_NAME).open("a") as file:
        file.write('{"step": 100, "lo')

    rows = read_log(tmp_path)

    assert column(rows, "loss") == ([50], [1.0])
    assert column(rows, "validation_tar") == ([50], [0.1])


def test_a_resumed_run_goes_on_after_a_line_cut_off(tmp_path: Path) -> None:
    RunLog(tmp_path).write(50, {"loss": 2.0})
    with (tmp_path / LOG_NAME).open("a") as file:
        file.write('{"step": 100, "lo')

    RunLog(tmp_path).write(100, {"loss": 1.0})

    assert column(read_log(tmp_path), "loss") == ([50, 100], [2.0, 1.0])


def test_a_damaged_log_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_text('{"step": 1, "loss": 1}\nnonsense\n{"step": 2, "loss": 1}\n')

    with pytest.raises(DataInvalid, match="line 2"):
        read_log(tmp_path)
