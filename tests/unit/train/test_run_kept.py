"""A run can be broken off at any step, and what is damaged or wild never takes what is whole."""

import dataclasses
import errno
import math
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import facenet_res.train.state as state_module
from facenet_res.core.errors import (
    ArtifactInvalid,
    DiskFull,
    TrainingDiverged,
)
from facenet_res.core.types import Embeddings, Faces
from facenet_res.models.checkpoint import read_tensors
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.log import read_log
from facenet_res.train.loop import Progress
from facenet_res.train.optimizer_config import OptimizerConfig
from facenet_res.train.run import train
from facenet_res.train.state import PREVIOUS_NAME, STATE_NAME, has_state, saved_step


class Killed(Exception):
    """Stands for the process dying right after a step's checkpoint."""


def break_off(config: TrainConfig, folder: Path, after: int) -> None:
    """Trains until a step is done and saved, and no further."""

    def on_progress(progress: Progress) -> None:
        if progress.step == after:
            raise Killed

    with pytest.raises(Killed):
        train(config, folder, on_progress)


def assert_same_weights(one: Path, other: Path) -> None:
    """The weights of two runs agree to the bit."""
    before, after = (read_tensors(run / "weights.safetensors") for run in (one, other))
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value, err_msg=key)


@pytest.mark.slow  # tests/e2e/test_train_kill.py does it with real processes, on PyTorch
def test_a_run_broken_off_and_resumed_ends_bit_equal(tiny_run: TrainConfig, tmp_path: Path) -> None:
    train(tiny_run, tmp_path / "unbroken")
    break_off(tiny_run, tmp_path / "broken", after=4)

    end = train(tiny_run, tmp_path / "broken")

    assert end.step == 6
    assert_same_weights(tmp_path / "unbroken", tmp_path / "broken")


def test_a_damaged_state_falls_back_to_the_one_before(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=4)
    state = folder / STATE_NAME
    damaged = state.read_bytes()[:-100]
    state.unlink()
    state.write_bytes(damaged)

    assert train(tiny_run, folder).step == 6


def test_a_flipped_byte_is_noticed(tiny_run: TrainConfig, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=4)
    state = folder / STATE_NAME
    flipped = bytearray(state.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    state.unlink()
    state.write_bytes(flipped)
    assert saved_step(folder) == 3


def test_a_run_killed_in_its_looks_has_lost_the_looks_alone(
    tiny_run: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is saved for the sake of time.
    config = dataclasses.replace(tiny_run, save_every_s=1e6)
    train(config, tmp_path / "unbroken")
    folder, seen = tmp_path / "broken", list[int]()

    embed, looks = Learner.embed, count(1)

    def killed_in_the_odd_ones(learner: Learner, faces: Faces) -> Embeddings:
        if next(looks) % 2:
            raise Killed
        return embed(learner, faces)

    monkeypatch.setattr(Learner, "embed", killed_in_the_odd_ones)
    for step in (3, 6):
        with pytest.raises(Killed):
            train(config, folder, lambda progress: seen.append(progress.step))
        assert saved_step(folder) == step
    end = train(config, folder, lambda progress: seen.append(progress.step))

    # A step is told of after its look.
    assert seen == [1, 2, 4, 5]
    assert end.validation == read_log(tmp_path / "unbroken")[-1]["validation_tar"]
    assert _figures(folder) == _figures(tmp_path / "unbroken")


def test_a_damaged_state_never_takes_the_place_of_the_whole_one(
    tiny_run: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, **_: object) -> None:
        raise DiskFull(f"no space for {path} ({len(data)} bytes)")

    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=3)
    damaged = (folder / STATE_NAME).read_bytes()[:-100]
    (folder / STATE_NAME).unlink()
    (folder / STATE_NAME).write_bytes(damaged)
    with monkeypatch.context() as patch:
        patch.setattr(state_module, "write_atomically", full)
        with pytest.raises(DiskFull):
            train(tiny_run, folder)

    assert train(tiny_run, folder).step == 6


def test_two_damaged_states_are_an_error_and_not_a_fresh_start(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=3)
    for name in (STATE_NAME, PREVIOUS_NAME):
        (folder / name).unlink()
        (folder / name).write_bytes(b"damaged")

    with pytest.raises(ArtifactInvalid, match="no whole training state"):
        train(tiny_run, folder)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_state(
    tiny_run: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=4)
    kept = (folder / STATE_NAME).read_bytes()
    monkeypatch.setattr(Learner, "learn", lambda *_: {"loss": math.nan})

    with pytest.raises(TrainingDiverged, match="nan at step 5; the last good state stands"):
        train(tiny_run, folder)

    assert (folder / STATE_NAME).read_bytes() == kept


def test_weights_that_are_no_numbers_are_never_saved(tiny_run: TrainConfig, tmp_path: Path) -> None:
    wild = dataclasses.replace(
        tiny_run,
        optimizer=OptimizerConfig(learning_rate=1e38, warmup_steps=1, gradient_norm_max=1e38),
    )

    # The losses are numbers; what their gradients make of the weights is not, on one backend in
    # the first step and on another in the second.
    with pytest.raises(TrainingDiverged, match="is no finite number after step"):
        train(wild, tmp_path / "run")

    state = tmp_path / "run" / STATE_NAME
    kept = read_tensors(state).values() if state.exists() else ()
    assert all(np.isfinite(tensor).all() for tensor in kept)


def test_dropout_goes_on_where_it_stood(tiny_run: TrainConfig, tmp_path: Path) -> None:
    config = dataclasses.replace(
        tiny_run, steps=3, model=dataclasses.replace(tiny_run.model, dropout=0.5)
    )
    train(config, tmp_path / "unbroken")
    break_off(config, tmp_path / "broken", after=1)
    train(config, tmp_path / "broken")

    assert_same_weights(tmp_path / "unbroken", tmp_path / "broken")


def test_a_full_disk_ends_the_run_and_keeps_the_state_before(
    tiny_run: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=3)
    kept = (folder / STATE_NAME).read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("facenet_res.core.files.os.replace", full)
    monkeypatch.setattr("facenet_res.core.files.os.fsync", full)
    with pytest.raises(DiskFull, match="No space left"):
        train(tiny_run, folder)
    monkeypatch.undo()

    assert (folder / STATE_NAME).read_bytes() == kept
    # Two copies stand, not two names of one.
    with (folder / STATE_NAME).open("r+b") as file:
        file.seek(len(kept) // 2)
        file.write(bytes([kept[len(kept) // 2] ^ 1]))
    seen: list[int] = []
    train(tiny_run, folder, lambda progress: seen.append(progress.step))
    assert seen[0] <= 4
    assert seen[-1] == 6


def test_a_kill_between_the_renames_leaves_the_state_before(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=2)
    (folder / STATE_NAME).replace(folder / PREVIOUS_NAME)

    assert saved_step(folder) == 2


def test_what_stands_ready_is_saved_before_the_first_step(
    tiny_run: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "learn", killed)
        with pytest.raises(Killed):
            train(tiny_run, tmp_path / "run")
    assert (saved_step(tmp_path / "run"), has_state(tmp_path / "run")) == (0, True)


def test_another_type_of_number_in_the_header_is_noticed(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    break_off(tiny_run, folder, after=2)
    state = folder / STATE_NAME
    state.write_bytes(state.read_bytes().replace(b'"F32"', b'"I32"', 1))
    assert saved_step(folder) == 1
    state.unlink()
    state.mkdir()
    assert saved_step(folder) == 1


def _figures(folder: Path) -> list[dict[str, object]]:
    """What a log tells, but for the rates."""
    rows = [dict(row) for row in read_log(folder)]
    for row in rows:
        row.pop("images_per_s", None)
    return rows
