"""How commands end: one status for each kind of end, one sentence, never a trace."""

import argparse
import errno
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from facenet_res import __version__
from facenet_res.cli.commands import build_parser, main
from facenet_res.core import exit_codes
from facenet_res.core.artifact import default_artifact_dir, read_manifest
from facenet_res.core.errors import (
    FacenetError,
    GalleryLocked,
    ImageUnreadable,
    ModelMismatch,
)
from tests.unit.cli.conftest import Run


def parsers(
    parser: argparse.ArgumentParser, name: str = "facenet-res"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, child in action.choices.items():
                yield from parsers(child, f"{name} {word}")


COMMANDS = dict(parsers(build_parser()))


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Has every gallery fail to open."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("facenet_res.gallery.gallery.EmbeddingGallery.open", fail)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ImageUnreadable("damaged"), exit_codes.INPUT),
        (ModelMismatch("another model"), exit_codes.STATE),
        (GalleryLocked("locked"), exit_codes.UNAVAILABLE),
        (OSError(errno.ENOSPC, "No space left on device"), exit_codes.UNAVAILABLE),
        (PermissionError(errno.EACCES, "Permission denied", "private"), exit_codes.INPUT),
        (OSError(errno.EIO, "without a path"), exit_codes.BUG),
        (ImageUnreadable("damaged\nin two lines"), exit_codes.INPUT),
        (ZeroDivisionError("a bug"), exit_codes.BUG),
    ],
)
def test_each_kind_of_end_has_its_status_and_one_sentence(
    monkeypatch: pytest.MonkeyPatch, run: Run, error: BaseException, code: int
) -> None:
    fail_with(monkeypatch, error)

    ran = run("gallery", "list", "--gallery", "g")

    assert ran.code == code
    assert len(ran.err.strip().splitlines()) == 1
    assert "Traceback" not in ran.err


def test_a_path_that_the_system_refuses_is_named(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    fail_with(monkeypatch, PermissionError(errno.EACCES, "Permission denied", "private/x"))
    ran = run("gallery", "list", "--gallery", "g")
    assert ran.err == "facenet-res: cannot use private/x: Permission denied\n"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ModelMismatch("another model"), "MODEL_MISMATCH"), (ZeroDivisionError("x"), "INTERNAL")],
)
def test_with_json_an_error_is_a_document_too(
    monkeypatch: pytest.MonkeyPatch, run: Run, error: Exception, reason: str
) -> None:
    fail_with(monkeypatch, error)

    ran = run("gallery", "list", "--gallery", "g", "--json")

    assert ran.json["error"]["reason"] == reason
    assert ran.err == f"facenet-res: {ran.json['error']['message']}\n"


def test_a_closed_stdout_is_no_fault() -> None:
    command = f"{sys.executable} -m facenet_res.cli version >&-"
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.returncode, ended.stderr) == (exit_codes.OK, "")


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    fail_with(monkeypatch, ModelMismatch("another model"))

    assert "Traceback" in run("gallery", "list", "--gallery", "g", "--debug").err
    monkeypatch.setenv("FACENET_RES_DEBUG", "1")
    assert "Traceback" in run("gallery", "list", "--gallery", "g").err


def test_version_names_the_model_or_says_why_there_is_none(run: Run, model: Path) -> None:
    assert run("version").out.split()[:2] == ["facenet-res", __version__]
    assert read_manifest(model).model_id in run("version", "--model", model).out
    absent = model / "absent"
    assert str(absent) in run("version", "--model", absent, "--json").json["model"]["error"]


def test_version_shows_the_short_name_and_the_version_of_the_model(run: Run) -> None:
    manifest = read_manifest(default_artifact_dir())
    about = run("version", "--json").json["model"]

    assert (about["name"], about["version"]) == (manifest.name, manifest.version)
    assert f"{manifest.name} {manifest.version}" in run("version").out
    assert len(manifest.name) <= 20
    assert manifest.version


def test_verbose_logs_what_the_library_opens_and_nothing_else_does(run: Run, model: Path) -> None:
    assert "opened model random-0-" in run("version", "--model", model, "--verbose").err
    assert run("version", "--model", model).err == ""


def test_version_says_which_engine_was_picked_and_why(run: Run) -> None:
    assert "OpenVINO" in run("version", "--json").json["model"]["engine"]
    assert "(auto: " in run("version", "--json").json["model"]["engine"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    parser = COMMANDS[name]
    assert parser.description
    for action in parser._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction)
    has_commands = any(isinstance(each, argparse._SubParsersAction) for each in parser._actions)
    # What completion prints is the code of a shell.
    assert has_commands or name.endswith(" completion") or "--json" in parser.format_help()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_fits_in_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = COMMANDS[name].format_help().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    # Options that may be left out are in their list, not in the usage line.
    assert lines[0].startswith("usage: ")
    assert "--engine" not in " ".join(lines[:2])


def test_facenet_res_alone_shows_the_jobs_and_every_command(run: Run) -> None:
    ran = run()
    assert ran.code == exit_codes.OK
    for name in (name.split()[1] for name in COMMANDS if name.count(" ") == 1):
        assert re.search(rf"^  {name} +[A-Z]", ran.out, re.M), name
    for job in ("verify passport.jpg", "gallery identify", "dedup photos/"):
        assert f"  facenet-res {job}" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("group", ["gallery", "evaluate", "develop", "develop data"])
def test_a_group_alone_shows_its_commands(run: Run, group: str) -> None:
    ran = run(*group.split())
    assert ran.code == exit_codes.INPUT
    assert ran.err == COMMANDS[f"facenet-res {group}"].format_help()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("verfy a b", "facenet-res: no command 'verfy'; did you mean verify?"),
        ("gallery enrol", "facenet-res gallery: no command 'enrol'; did you mean enroll?"),
        ("develop xyz", "develop: no command 'xyz'; there are data, train, export,"),
        ("verify a b --treshold 1", "verify: no option --treshold; did you mean --threshold?"),
        ("verify a b --xyz", "no option --xyz; see facenet-res verify --help"),
        ("verify a b c", "facenet-res verify: too many arguments: c"),
        ("verify a b --engine tf", "argument --engine: invalid choice: 'tf'"),
    ],
)
def test_a_mistyped_word_gets_the_nearest_one(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == exit_codes.INPUT
    usage, message = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: facenet-res ")
    assert said in message


@pytest.mark.parametrize("words", [("fly",), ("verify", "a.jpg"), ("gallery", "list")])
def test_a_command_that_makes_no_sense_is_an_input_error(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == exit_codes.INPUT
    assert "usage:" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from facenet_res.cli.commands import build_parser; "
        "build_parser().format_help(); "
        "print([name for name in ('numpy', 'cv2', 'openvino', 'faiss', 'grpc', 'keras', 'tqdm')"
        " if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m facenet_res.cli version | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30
    )
    assert ended.stdout.strip() == "0"
    assert ended.stderr == ""


def test_errors_are_a_tree_of_three_kinds() -> None:
    # A fourth kind would end as a bug: it must be given a status first.
    kinds = {kind.__name__ for kind in FacenetError.__subclasses__()}
    assert {"InputError", "StateError", "Unavailable"} <= kinds
