"""`models import` and `models pull`: terms first, a sentence for a refusal, a folder at last."""

import hashlib
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_artifact
from tests.onnx_files import write_onnx_file
from tests.unit.cli.conftest import Run

FED = ("--mean", 127.5, "--scale", 127.5, "--colour-order", "RGB")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_onnx_file(tmp_path / "net.onnx")


@pytest.mark.parametrize("spelling", ["--licence-accepted", "--license-accepted"])
def test_a_foreign_network_becomes_a_model_folder(
    run: Run, tmp_path: Path, source: Path, spelling: str
) -> None:
    ran = run(
        *("models", "import", source, "--as-is", *FED, "--licence", "Apache-2.0", spelling),
        *("--out", tmp_path / "tiles", "--json"),
    )
    assert ran.code == exit_codes.OK, ran.err
    assert "terms of the weights: Apache-2.0" in ran.err
    assert ran.json["similarity_min"] >= 0.99999
    assert read_artifact(tmp_path / "tiles").manifest.licence == "Apache-2.0"


def test_without_consent_the_terms_are_shown_and_nothing_is_written(
    run: Run, tmp_path: Path
) -> None:
    ran = run("models", "import", "backbone.pth", "--out", tmp_path / "m")
    assert ran.code == exit_codes.INPUT
    assert "non-commercial research only" in ran.err
    assert "--licence-accepted" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_declare_what_the_flags_would(run: Run, tmp_path: Path, source: Path) -> None:
    declared = tmp_path / "net.toml"
    declared.write_text('mean = 0\nscale = 255\ncolour_order = "BGR"\nlicence = "MIT"\n')
    words = ("models", "import", source, "--as-is", "--manifest", declared, "--licence-accepted")
    ran = run(*words, "--out", tmp_path / "m", "--scale", 128)
    assert ran.code == exit_codes.OK, ran.err
    manifest = read_artifact(tmp_path / "m").manifest
    told = (manifest.mean, manifest.scale, manifest.colour_order, manifest.licence)
    assert told == (0.0, 128.0, "BGR", "MIT")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mean = 0\nscale = 255\nlicence = "MIT"\n', "lacks ['colour_order']"),
        ('mean = "0"\nscale = 255\n', "mean must be of type float"),
        ("depth = 3\n", "unknown keys ['depth']"),
        ('colour_order = "GBR"\n', "one of ('RGB', 'BGR')"),
        ("mean =", "is not TOML"),
    ],
)
def test_a_file_that_declares_it_wrongly_is_refused(
    run: Run, tmp_path: Path, source: Path, text: str, said: str
) -> None:
    (tmp_path / "net.toml").write_text(text)
    words = ("models", "import", source, "--as-is", "--manifest", tmp_path / "net.toml")
    ran = run(*words, "--licence-accepted", "--out", tmp_path / "m")
    assert ran.code == exit_codes.INPUT
    assert said in ran.err


def test_flags_of_as_is_alone_are_refused(run: Run, source: Path) -> None:
    ran = run("models", "import", source, "--layout", "NCHW", "--licence-accepted")
    assert ran.code == exit_codes.INPUT
    assert "--layout: only with --as-is" in ran.err


def test_the_catalogue_is_listed(run: Run) -> None:
    assert "sface" in run("models", "pull").out
    (entry,) = (one for one in run("models", "pull", "--json").json if one["name"] == "sface")
    assert entry["licence"].startswith("Apache-2.0")
    assert entry["bytes"] == 38696353


def test_a_name_that_is_not_listed_is_refused(run: Run) -> None:
    ran = run("models", "pull", "buffalo", "--licence-accepted")
    assert ran.code == exit_codes.INPUT
    assert "the catalogue has sface" in ran.err


def test_nothing_is_fetched_without_consent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facenet_res.convert.fetch.fetch", lambda *_: pytest.fail("fetched"))
    ran = run("models", "pull", "sface")
    assert ran.code == exit_codes.INPUT
    assert "Apache-2.0" in ran.err


def test_a_pulled_model_is_verified_imported_and_leaves_no_file_behind(
    run: Run, tmp_path: Path, source: Path, file_server: str
) -> None:
    catalogue = tmp_path / "models.toml"
    catalogue.write_text(entry(source, f"{file_server}/net.onnx"))
    folder = tmp_path / "models"
    folder.mkdir()

    ran = run(
        *("models", "pull", "tiles", "--catalogue", catalogue, "--licence-accepted"),
        *("--out", folder / "tiles", "--json"),
    )

    assert ran.code == exit_codes.OK, ran.err
    assert [path.name for path in folder.iterdir()] == ["tiles"]
    manifest = read_artifact(folder / "tiles").manifest
    assert (manifest.licence, manifest.embedding_dim) == ("MIT", 8)
    assert "pulled from http" in manifest.training


def entry(source: Path, address: str) -> str:
    data = source.read_bytes()
    return (
        f'[[models]]\nname = "tiles"\naddress = "{address}"\nbytes = {len(data)}\n'
        f'sha256 = "{hashlib.sha256(data).hexdigest()}"\nlicence = "MIT"\nas_is = true\n'
        'mean = 127.5\nscale = 127.5\ncolour_order = "RGB"\n'
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('licence = "MIT"\n', ""), "lacks ['licence']"),
        (("http://", "file://"), "address must be of the form"),
        (("bytes = ", "bytes = -"), "bytes must be in"),
        (('"tiles"', '"../tiles"'), "name must be of the form"),
        (("[[models]]", "[[model]]"), "must hold [[models]]"),
        (('sha256 = "', 'sha256 = "x'), "sha256 must be of the form"),
    ],
)
def test_a_catalogue_that_lacks_or_twists_a_field_is_refused(
    run: Run, tmp_path: Path, source: Path, change: tuple[str, str], said: str
) -> None:
    (tmp_path / "models.toml").write_text(entry(source, "http://127.0.0.1/n.onnx").replace(*change))
    ran = run("models", "pull", "--catalogue", tmp_path / "models.toml")
    assert ran.code == exit_codes.INPUT
    assert said in ran.err
