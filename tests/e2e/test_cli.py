"""The installed command as a user runs it: real processes, files and pipes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from tests.artifacts import write_random_artifact
from tests.serving import ServerProcess, portraits

pytestmark = pytest.mark.e2e


def facenet(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facenet_res.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random").folder


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two photographs of one picture each."""
    folder = tmp_path_factory.mktemp("people")
    for person, image in zip(("ann", "bob"), portraits(), strict=True):
        (folder / person).mkdir()
        for number in (1, 2):
            (folder / person / f"{number}.jpg").write_bytes(image)
    return folder


def test_answers_are_on_stdout_alone(model: Path, people: Path) -> None:
    pair = (people / "ann" / "1.jpg", people / "ann" / "2.jpg")

    ended = facenet("verify", *pair, "--model", model, "--json", "--exit-code")

    assert (ended.returncode, ended.stderr) == (exit_codes.OK, "")
    assert json.loads(ended.stdout)["is_match"] is True


def test_photographs_are_judged_over_the_wire_as_in_the_library(
    model: Path, people: Path, tmp_path: Path
) -> None:
    command = (
        "evaluate", "photos", "--images", people, "--json",
        "--people", 1, "--unknown", 1, "--each", 1,
    )  # fmt: skip
    library = facenet(*command, "--model", model)
    with ServerProcess(tmp_path, model) as server:
        served = facenet(*command, "--server", server.address)
        again = facenet(*command, "--server", server.address)

    assert library.returncode == served.returncode == exit_codes.OK, served.stderr
    first, second = json.loads(library.stdout), json.loads(served.stdout)
    for name in ("rank_1", "known", "unknown", "false_accepts", "threshold"):
        assert first[name] == second[name]
    for one, other in zip(first["answers"], second["answers"], strict=True):
        assert one["similarity"] == pytest.approx(other["similarity"], abs=1e-3)
    # The gallery was emptied: a second judgement finds it as the first did.
    assert json.loads(again.stdout)["rank_1"] == second["rank_1"]


def test_a_gallery_in_use_by_a_server_is_not_judged_nor_touched(
    model: Path, people: Path, tmp_path: Path
) -> None:
    from facenet_res.client.client import FacenetClient

    with ServerProcess(tmp_path, model) as server:
        with FacenetClient(server.address) as client:
            client.open_gallery().enroll("kept", people / "ann" / "1.jpg")
        ended = facenet(
            "evaluate", "photos", "--images", people, "--server", server.address,
            "--people", 1, "--unknown", 1, "--each", 1,
        )  # fmt: skip
        with FacenetClient(server.address) as client:
            assert [person.person_id for person in client.open_gallery().people()] == ["kept"]

    assert ended.returncode == exit_codes.INPUT
    assert "holds 1 people" in ended.stderr


def test_a_name_that_is_no_utf_8_and_a_refused_path_end_as_they_should(
    model: Path, people: Path, tmp_path: Path
) -> None:
    name = os.fsdecode(b"a\xff\xfe.jpg")
    shutil.copy(people / "ann" / "1.jpg", tmp_path / name)
    (tmp_path / "taken").write_text("a file where a folder is needed")
    os.mkfifo(tmp_path / "pipe.jpg")

    ended = facenet("embed", tmp_path, "--model", model, "--json")
    refused = facenet(
        "embed", tmp_path / name, "--model", model, "--out", tmp_path / "taken" / "x.npz"
    )

    assert ended.returncode == exit_codes.OK
    document = json.loads(ended.stdout)
    assert document["images"][0]["path"] == str(tmp_path / name)
    assert [Path(one["path"]).name for one in document["skipped"]] == ["pipe.jpg"]
    assert refused.returncode == exit_codes.INPUT
    assert refused.stderr.startswith("facenet-res: cannot write ")
    assert len(refused.stderr.splitlines()) == 1
