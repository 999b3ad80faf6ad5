"""A run's folder: one process at a time, one run, and what of its config may change on the way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facenet_res.core.errors import ConfigInvalid, FileMissing, RunLocked, StateError
from facenet_res.core.files import make_folder, remove_temporaries, write_atomically
from facenet_res.core.process_lock import ProcessLock
from facenet_res.data.crops import CropSource, fingerprint
from facenet_res.train.config import TrainConfig
from facenet_res.train.files import files_sha256
from facenet_res.train.log import CONFIG_NAME, LOG_NAME
from facenet_res.train.state import forget_states, has_state, saved_step

LOCK_NAME = "run.lock"
SKIPPED_NAME = "skipped.txt"
MAY_CHANGE = (
    "augment.strength",
    "optimizer.ema",
    "optimizer.learning_rate",
    "pairs.every",
    "save_every_s",
    "statistics_crops",
    "steps",
    "validate_every",
)
"""Settings that another call may give a run that stands: none makes its state another's."""


@contextmanager
def claimed(folder: Path, config: TrainConfig, crops: CropSource) -> Iterator[None]:
    """Holds a run's folder, new or standing, as long as the context lasts.

    Args:
        folder: made where absent. `config.json` in it says whose it is: the settings, SHA-256
            values of crops, start, teachers and doubted labels, and the changes of settings, each
            with the step that it came at.
        config: the run; of a run that stands, only what `MAY_CHANGE` names may differ.
        crops: those of `config`.

    Raises:
        StateError: the folder holds a run of another config or other data, or is damaged; or the
            run is finished, and other weights lie at its start now. An unfinished one goes on,
            whatever lies there: it has its own.
        ConfigInvalid: more steps are done than the config has.
        FileMissing: a teacher or the list of doubted labels is absent.
        RunLocked: another process trains there.
        DiskFull, NotWritable: the folder cannot be written to.
    """
    make_folder(folder)
    lock = ProcessLock(folder / LOCK_NAME, f"the run {folder}", RunLocked)
    try:
        remove_temporaries(folder)
        _take(folder, _record_of(config, crops))
        yield
    finally:
        lock.release()


def _record_of(config: TrainConfig, crops: CropSource) -> dict[str, Any]:
    record = {
        "config": config.to_dict(),
        "data_sha256": fingerprint(crops),
        "files_sha256": files_sha256(config),
    }
    # As it is read back: tuples are lists.
    return dict(json.loads(json.dumps(record)))


def _take(folder: Path, record: dict[str, Any]) -> None:
    path = folder / CONFIG_NAME
    # Where nothing was learned yet, as after a setting that was refused, the folder is free.
    if path.exists() and (has_state(folder) or (folder / LOG_NAME).exists()):
        try:
            changed = _changed(folder, read_record(path), record)
        except StateError:
            if (folder / LOG_NAME).exists() or saved_step(folder):
                raise
            forget_states(folder)
        else:
            if changed:
                _write(path, changed)
            return
    _write(path, record)
    (folder / SKIPPED_NAME).unlink(missing_ok=True)


def _changed(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any] | None:
    """The record to keep from now on, or None where it says all that the old one says."""
    known, start = _digests(old), str(new["config"]["start"])
    # Runs of before a file was noted say nothing of it.
    others = [name for name, sha256 in _digests(new).items() if known.get(name, sha256) != sha256]
    if start in others and saved_step(folder) >= new["config"]["steps"]:
        raise StateError(
            f"{folder} holds a finished run that began with other weights than {start!r} has now; "
            "choose another folder to go on from those"
        )
    if set(others) - {start}:
        raise StateError(
            f"{folder} holds a run on other data (changed since it began: {', '.join(others)}); "
            "choose another folder, or move this one away"
        )
    before, after = _flat(old["config"]), _flat(new["config"])
    differing = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    for name in differing:
        if name not in MAY_CHANGE:
            raise StateError(
                f"{folder} holds a run of another config: its {name} is {before.get(name)!r}, not "
                f"{after.get(name)!r}; only {', '.join(MAY_CHANGE)} may change: choose another "
                "folder"
            )
    if not differing:
        return None
    done = saved_step(folder)
    if after["steps"] < done:
        raise ConfigInvalid(
            f"steps must be at least the {done} that are done, got {after['steps']}"
        )
    changes = {name: [before.get(name), after.get(name)] for name in differing}
    # What it was made of is told by the record of its beginning.
    return {
        **old,
        "config": new["config"],
        "changes": [*old.get("changes", []), {"step": done, **changes}],
    }


def _digests(record: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of all that a run reads, by name."""
    return {"the crops": record["data_sha256"], **record.get("files_sha256", {})}


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by names with dots, as --set takes them."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else None
        flat.update({prefix + name: value} if inner is None else inner)
    return flat


def read_record(path: Path) -> dict[str, Any]:
    """What a run's `config.json` says; see `claimed`.

    Raises:
        StateError: it is damaged.
        FileMissing: it is absent.
    """
    if not path.is_file():
        raise FileMissing(f"no run at {path.parent}: it has no {path.name}")
    try:
        record = json.loads(path.read_text("utf-8"))
        if not isinstance(record["config"], dict) or not isinstance(record["data_sha256"], str):
            raise ValueError("it names no config and no data")
        return dict(record)
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} is damaged: {error}") from error


def _write(path: Path, record: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(record, indent=1).encode())
