"""Carries out a plan: files move away, become hard links or reflinks of what stays, or a script.

Before a file is touched its SHA-256 and that of the kept file are taken again: what changed since
the report is left alone. Each step is written to `applied.jsonl` before it is done, so that `undo`
restores it, also after a crash.
"""

import fcntl
import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.files import OWNER_ONLY, file_sha256, write_fault
from facenet_res.dedup.removal_plan import Removal
from facenet_res.dedup.stage_files import read_lines

LOG_NAME: Final = "applied.jsonl"
# Linux: ioctl FICLONE, `linux/fs.h`.
_FICLONE: Final = 0x40049409
_TEMPORARY: Final = ".facenet-res-part"


class Action(StrEnum):
    """What becomes of a file."""

    MOVE = "move"
    HARD_LINK = "hard-link"
    REFLINK = "reflink"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        removal: the step.
        is_done: whether it was carried out.
        message: why not; "" where it was.
    """

    removal: Removal
    is_done: bool
    message: str = ""


def apply_plan(
    folder: Path, out: Path, plan: Iterable[Removal], action: Action, destination: Path | None
) -> Iterator[Outcome]:
    """Carries out a plan, file by file; one that changed or cannot be changed is left alone.

    Args:
        folder: of the images.
        out: of the run; gets `applied.jsonl`.
        plan: see `removals`.
        action: what to do.
        destination: for `MOVE`, outside the folder or below it; made where absent.

    Raises:
        ArgumentInvalid: `MOVE` without a destination, or one that is the folder itself.
        DiskFull, NotWritable: the log cannot be written; nothing more is changed.
    """
    if action is Action.MOVE and (destination is None or destination.resolve() == folder.resolve()):
        raise ArgumentInvalid("to move copies away, name another folder: --to DIR")
    return _applied(folder, out, plan, action, destination)


def _applied(
    folder: Path, out: Path, plan: Iterable[Removal], action: Action, destination: Path | None
) -> Iterator[Outcome]:
    for removal in plan:
        path, kept = folder / removal.path, folder / removal.kept_path
        fault = _changed(path, removal.sha256) or _changed(kept, removal.kept_sha256)
        if not fault and action is not Action.MOVE and removal.sha256 != removal.kept_sha256:
            fault = "not byte-equal: a link would change what the file holds"
        target = "" if destination is None else str((destination / removal.path).absolute())
        if not fault and target and Path(target).exists():
            fault = f"{target} is there already"
        if fault:
            yield Outcome(removal, False, fault)
            continue
        log_step(out, asdict(removal) | {"action": action.value, "target": target})
        try:
            _DO[action](path, kept, Path(target))
        except OSError as error:
            yield Outcome(removal, False, str(error.strerror or error))
            continue
        yield Outcome(removal, True)


def undo(folder: Path, out: Path) -> Iterator[Outcome]:
    """Takes back what was applied, the last step first; what is in the way stays.

    Raises:
        FileMissing: nothing was applied.
    """
    steps = list(read_lines(out / LOG_NAME))
    left = []
    for step in reversed(steps):
        action, target = Action(step.pop("action")), Path(step.pop("target"))
        removal = Removal(**step)
        path = folder / removal.path
        fault = _undone(path, action, target, removal)
        if fault:
            left.append(step | {"action": action.value, "target": str(target)})
        yield Outcome(removal, not fault, fault)
    log = out / LOG_NAME
    log.unlink()
    for step in reversed(left):
        log_step(out, step)


def script(folder: Path, plan: Iterable[Removal], destination: Path) -> Iterator[str]:
    """Lines of a POSIX shell script that checks each file and moves it."""
    yield "#!/bin/sh"
    yield "# Moves copies away; a file that changed since the report is left alone."
    yield 'hash() { sha256sum < "$1" | cut -c1-64; }'
    yield 'same() { [ "$(hash "$1")" = "$2" ] || { echo "changed: $1"; return 1; }; }'
    for removal in plan:
        path, kept = folder / removal.path, folder / removal.kept_path
        target = destination / removal.path
        said = [shlex.quote(str(each)) for each in (path, kept, target, target.parent)]
        checks = f"same {said[0]} {removal.sha256} && same {said[1]} {removal.kept_sha256}"
        yield f"{checks} && mkdir -p {said[3]} && mv -n {said[0]} {said[2]}"


def log_step(out: Path, step: dict[str, object]) -> None:
    """Adds a line to the log, on the disk before this returns."""
    path = out / LOG_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write((json.dumps(step, sort_keys=True) + "\n").encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_fault(path, error) from error


def _changed(path: Path, sha256: str) -> str:
    """What is wrong with a file; "" where it holds what was compared."""
    try:
        if path.is_symlink() or not path.is_file():
            return f"{path} is no file any more"
        is_same = file_sha256(path) == sha256
    except OSError as error:
        return f"{path}: {error.strerror}"
    return "" if is_same else f"{path} changed since the report; run dedup again"


def _moved(path: Path, _: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # No file is replaced: a link fails where one is there.
        os.link(path, target)
    except OSError:
        # Another disk, or one without links: copied in full, then removed.
        with target.open("xb") as copy, path.open("rb") as source:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(path, target)
    path.unlink()


def _hard_linked(path: Path, kept: Path, _: Path) -> None:
    temporary = path.with_name(path.name + _TEMPORARY)
    os.link(kept, temporary)
    temporary.replace(path)


def _reflinked(path: Path, kept: Path, _: Path) -> None:
    temporary = path.with_name(path.name + _TEMPORARY)
    try:
        with kept.open("rb") as source, temporary.open("xb") as copy:
            fcntl.ioctl(copy.fileno(), _FICLONE, source.fileno())
        shutil.copystat(path, temporary)
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


_DO: Final[dict[Action, Callable[[Path, Path, Path], None]]] = {
    Action.MOVE: _moved,
    Action.HARD_LINK: _hard_linked,
    Action.REFLINK: _reflinked,
}


def _undone(path: Path, action: Action, target: Path, removal: Removal) -> str:
    """Restores one file; returns why it could not."""
    try:
        if action is Action.MOVE:
            return _moved_back(path, target)
        fault = _changed(path, removal.sha256)
        if not fault:
            temporary = path.with_name(path.name + _TEMPORARY)
            # A file of its own again.
            shutil.copy2(path, temporary)
            temporary.replace(path)
    except OSError as error:
        return str(error.strerror or error)
    return fault


def _moved_back(path: Path, target: Path) -> str:
    if not target.exists():
        # The step was logged and not done, or undone before.
        return "" if path.is_file() else f"{target} is gone"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _moved(target, path, path)
    elif path.samefile(target):
        target.unlink()
    else:
        return f"{path} is there again"
    return ""
