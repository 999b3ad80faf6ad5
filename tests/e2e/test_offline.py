"""Commands and the server reach no other machine and write nothing but their documented folders.

Each runs with an empty home and, where the system allows one, in a network namespace that has
loopback only. Unit tests run every command with the same guard over sockets: see `conftest.py`.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.process_environment import FOLDERS
from tests import socket_guard
from tests.artifacts import write_random_artifact
from tests.serving import ROOT, ServerProcess, portraits

pytestmark = pytest.mark.e2e

UNSET = ("XDG_", "KERAS_HOME", "ORT_", *FOLDERS)
CACHE = Path(".cache/facenet-res")


@dataclass(frozen=True)
class Sandbox:
    """An empty home and temporary folder, and a record of refused sockets."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Of a process that runs in it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(UNSET)}
        path = os.pathsep.join(filter(None, (str(self.folder / "hook"), kept.get("PYTHONPATH"))))
        return kept | {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temporary"),
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            socket_guard.LOG_VARIABLE: str(self.folder / "sockets.log"),
            # Telemetry packages behave well in CI: here they have to be told.
            "CI": "",
        }

    def run(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        """One command of the command line."""
        return subprocess.run(
            [*namespace(), sys.executable, "-m", "facenet_res.cli", *map(str, words)],
            cwd=ROOT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def written(self) -> list[str]:
        """Files and folders outside the documented cache folder, as paths in the sandbox."""
        home = self.folder / "home"
        allowed = home / CACHE
        found = [*home.rglob("*"), *(self.folder / "temporary").rglob("*")]
        return [
            str(path.relative_to(self.folder))
            for path in found
            if not path.is_relative_to(allowed) and not allowed.is_relative_to(path)
        ]

    def refused(self) -> str:
        """Look-ups and connections that a process tried."""
        log = self.folder / "sockets.log"
        return log.read_text() if log.exists() else ""


@cache
def namespace() -> Sequence[str]:
    """The words before a command that give it a network of loopback alone; none if forbidden."""
    up = 'ip link set lo up && exec "$@"'
    for flags in ("-n", "-rn"):
        words = ("unshare", flags, "sh", "-c", up, "sh")
        if shutil.which("unshare") and not subprocess.run([*words, "true"], check=False).returncode:
            return words
    return ()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    for name in ("home", "temporary", "hook"):
        (tmp_path / name).mkdir()
    shutil.copy(socket_guard.__file__, tmp_path / "hook" / "sitecustomize.py")
    return Sandbox(tmp_path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random").folder


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for name, image in zip(("ann", "bob"), portraits(), strict=True):
        (folder / name).mkdir()
        for number in (1, 2):
            (folder / name / f"{number}.jpg").write_bytes(image)
    return folder


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crops") / "crops.zip"
    generator = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(64):
            crop = generator.integers(0, 256, (112, 112, 3), np.uint8)
            person = number % 6 if number < 60 else "_unlabelled"
            archive.writestr(f"{person}/{number}.jpg", bytes(cv2.imencode(".jpg", crop)[1]))
    return path


def test_the_hook_refuses_and_records_a_look_up(sandbox: Sandbox) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('example.org', 80))"],
        env=sandbox.environment,
        capture_output=True,
        check=False,
    )

    assert ended.returncode != 0
    assert sandbox.refused() == "socket.getaddrinfo example.org\n"


@pytest.mark.parametrize(
    "command",
    [
        "embed {images}/ann/1.jpg --model {model} --json",
        "verify {images}/ann/1.jpg {images}/ann/2.jpg --model {model} --json",
        "verify {images}/ann/1.jpg {images}/ann/2.jpg --json",
        "dedup {images} --out {out}/report --model {model}",
        "version",
    ],
)
def test_a_command_stays_at_home(
    command: str, sandbox: Sandbox, model: Path, images: Path, tmp_path: Path
) -> None:
    words = command.format(images=images, model=model, out=tmp_path).split()

    ended = sandbox.run(*words)

    assert ended.returncode == exit_codes.OK, ended.stderr
    assert (sandbox.refused(), sandbox.written()) == ("", [])


def test_quantisation_stays_at_home(sandbox: Sandbox, crops: Path, tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs the extra `int8`")

    ended = sandbox.run(
        *(
            "develop",
            "quantise",
            default_artifact_dir(),
            "--calibration",
            crops,
            "--out",
            tmp_path / "int8",
        ),
        *("--similarity-min", -1),
    )

    assert ended.returncode == exit_codes.OK, ended.stderr
    assert (sandbox.refused(), sandbox.written()) == ("", [])


def test_the_server_stays_at_home(sandbox: Sandbox, model: Path, images: Path) -> None:
    from facenet_res.client.client import FacenetClient

    with ServerProcess(sandbox.folder, model, environment=sandbox.environment) as server:
        with FacenetClient(server.address) as client:
            faces = client.embed((images / "ann" / "1.jpg").read_bytes())
        assert server.stop() == exit_codes.OK

    assert len(faces) == 1
    assert (sandbox.refused(), sandbox.written()) == ("", [])


RECIPE = """
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.optimizer_config import OptimizerConfig

def config(smoke):
    return TrainConfig(
        name="offline", crops="crops.zip", steps=2, precision="float32",
        model=ModelConfig(depth=18, width=0.25, stem="half", head="gap", embedding_dim=64),
        optimizer=OptimizerConfig(learning_rate=0.05, warmup_steps=1),
        input=InputConfig(batch_size=8), held_out_identities=2, held_out_unlabelled=2,
        crops_per_identity_min=2,
    )
"""


@pytest.mark.slow
def test_training_export_and_the_other_engines_stay_at_home(
    sandbox: Sandbox, images: Path, crops: Path, tmp_path: Path
) -> None:
    if not all(map(find_spec, ("tensorflow", "onnxruntime", "tf2onnx", "matplotlib"))):
        pytest.skip("needs the extras `train`, `onnx` and `plots`")
    (tmp_path / "recipe.py").write_text(RECIPE)
    run, model, pair = tmp_path / "run", tmp_path / "exported", images / "ann"
    verify = ("verify", pair / "1.jpg", pair / "2.jpg", "--model", model, "--threshold", 0)

    for words in (
        ("develop", "train", tmp_path / "recipe.py", "--run", run),
        (
            "develop",
            "export",
            run / "weights.safetensors",
            "--out",
            model,
            "--format",
            "safetensors",
            "onnx",
        ),
        (*verify, "--engine", "onnx"),
        (*verify, "--engine", "keras"),
    ):
        ended = sandbox.run(*words, FACENET_RES_DATA=str(crops.parent))
        assert ended.returncode == exit_codes.OK, (words, ended.stderr)

    assert (run / "report.html").exists()
    assert (sandbox.refused(), sandbox.written()) == ("", [])
