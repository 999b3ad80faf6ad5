"""The wheel: the server is in it, experiments are not, and without an extra the library works."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.portraits import portrait

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
# What the extras bring; a module that is None in sys.modules cannot be imported.
EXTRAS = ("grpc", "google.protobuf", "keras", "tensorflow", "torch", "matplotlib", "onnxruntime")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the wheel, unpacked where no checkout is around them."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy: building leaves its folders beside pyproject.toml.
    for name in ("facenet_res", "server", "experiments"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "source" / name, symlinks=True, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    build = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q")
    subprocess.run([*build, "-w", str(folder), "./source"], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    blocked = f"import sys; sys.path.insert(0, {str(site)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-c", blocked + code],
        capture_output=True,
        text=True,
        cwd=site.parent,
        check=False,
    )


def test_the_server_is_in_the_package_and_nothing_else_is_beside_it(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert tops == {"facenet_res"}
    assert (installed / "facenet_res/server/servicers/gallery.py").is_file()
    assert not (installed / "facenet_res/server").is_symlink()


def test_serve_prints_its_settings(installed: Path) -> None:
    ended = run(installed, "from facenet_res.cli.commands import main; main(['serve', '--help'])")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("usage: facenet-res serve ")
    assert "--gallery" in ended.stdout


def test_without_any_extra_the_library_embeds(installed: Path) -> None:
    portrait("grace_hopper")  # skips where there is none
    code = f"""
import matplotlib
from pathlib import Path
path = str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
for name in [each for each in sys.modules if each.split(".")[0] == "matplotlib"]:
    del sys.modules[name]
sys.modules.update(dict.fromkeys({EXTRAS!r}))
from facenet_res.cli.commands import main
sys.exit(main(["detect", path, "--json"]) or main(["verify", path, path]))
"""
    ended = run(installed, code.replace("\n", "\n", 1))

    assert ended.returncode == 0, ended.stderr
    assert "same" in ended.stdout


def test_without_the_extra_serve_names_it(installed: Path) -> None:
    code = "sys.modules['grpc'] = None; from facenet_res.cli.commands import main; "
    code += "sys.exit(main(['serve', '--gallery', 'x']))"

    ended = run(installed, code)

    assert ended.returncode == 4
    assert "the server needs grpc: pip install 'facenet-res[server] @ " in ended.stderr


def test_without_the_extra_connect_names_it(installed: Path) -> None:
    code = "sys.modules['grpc'] = None; import facenet_res as fr; fr.connect('127.0.0.1:1')"

    ended = run(installed, code)

    assert ended.returncode == 1
    said = "EngineUnavailable: the client needs grpc: pip install 'facenet-res[client] @ "
    assert said in ended.stderr
