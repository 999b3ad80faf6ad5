"""Compiled networks on disk: read whole or not at all, and never needed."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.process_environment import cache_folder
from facenet_res.inference import compiled_cache
from facenet_res.inference.compiled_cache import CompiledCache
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.open import open_backend
from tests.artifacts import smooth_faces, write_random_artifact


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "facenet-res"


def test_the_second_start_reads_what_the_first_compiled(tmp_path: Path, cache: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    faces = smooth_faces(3, seed=1)

    first, second = open_backend(artifact), open_backend(artifact)

    assert "compiled now" in first.description
    assert "from the cache" in second.description
    np.testing.assert_array_equal(first.forward(faces), second.forward(faces))
    assert cache.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_made_anew(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    open_backend(artifact).close()
    (file,) = cache.glob("*.blob")
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)

    with caplog.at_level(logging.WARNING):
        assert "compiled now" in open_backend(artifact).description

    assert "damaged" in caplog.text
    assert "from the cache" in open_backend(artifact).description


def test_a_whole_file_that_openvino_cannot_read_is_made_anew(tmp_path: Path, cache: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    open_backend(artifact).close()
    (file,) = cache.glob("*.blob")
    other = CompiledCache(cache, artifact.manifest.model_id, {})
    other.path = file
    other.write(b"no network")

    assert "compiled now" in open_backend(artifact).description
    assert "from the cache" in open_backend(artifact).description


def test_it_can_be_turned_off(tmp_path: Path, cache: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    open_backend(artifact, BackendConfig(is_cached=False)).close()
    assert not cache.exists()


def test_starts_at_once_all_get_the_network(tmp_path: Path, cache: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    faces = smooth_faces(1, seed=2)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_backend(artifact), range(4)))

    for backend in opened:
        np.testing.assert_allclose(backend.forward(faces), opened[0].forward(faces), atol=1e-5)
    assert len(list(cache.iterdir())) == 1


def test_other_settings_and_other_weights_are_other_files(tmp_path: Path, cache: Path) -> None:
    open_backend(write_random_artifact(tmp_path / "a")).close()
    open_backend(write_random_artifact(tmp_path / "b", seed=1)).close()
    open_backend(write_random_artifact(tmp_path / "c"), BackendConfig(threads=1)).close()
    assert len(list(cache.glob("*.blob"))) == 3


def test_a_manifest_that_was_changed_is_checked_again(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    open_backend(artifact).close()
    wrong = Artifact(artifact.folder, replace(artifact.manifest, embedding_dim=32))
    with pytest.raises(ArtifactInvalid, match=r"the manifest says \[\?,32\]"):
        open_backend(wrong)


def test_a_folder_that_cannot_be_made_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        backend = open_backend(write_random_artifact(tmp_path / "model"))
    assert backend.forward(smooth_faces(1, seed=0)).shape == (1, 64)
    assert "is not kept" in caplog.text


def test_only_the_newest_files_are_kept(cache: Path) -> None:
    for number in range(compiled_cache.FILES_MAX + 3):
        CompiledCache(cache, "m", {"number": number}).write(b"x" * number)
    assert len(list(cache.glob("*.blob"))) == compiled_cache.FILES_MAX


def test_a_user_without_a_home_only_loses_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    store = CompiledCache(cache_folder({}), "m", {})
    store.write(b"blob")
    assert store.read() is None
