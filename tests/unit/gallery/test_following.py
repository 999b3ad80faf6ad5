"""Processes that read follow the one that writes, and a read-only disk is enough for them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import GalleryLocked, NotWritable, UnknownPerson
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment, PersonUpdate

DIM = 8
FACES = unit_norm(np.random.default_rng(0).normal(size=(3000, DIM)))


def test_a_reader_sees_each_change_with_its_next_call(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as writer:
        writer.enroll("ada", FACES[0], face_id="f0")
        with EmbeddingGallery.open(tmp_path, read_only=True) as reader:
            assert reader.identify(FACES[:1], threshold=0.99)[0].person_id == "ada"

            writer.enroll("bob", FACES[1], face_id="f1")
            assert reader.identify(FACES[1:2], threshold=0.99)[0].person_id == "bob"

            writer.move_faces(["f1"], "eve")
            assert reader.identify(FACES[1:2], threshold=0.99)[0].person_id == "eve"
            assert reader.verify("eve", FACES[1], threshold=0.99).is_match

            writer.update_person("eve", PersonUpdate(name="Eve"))
            assert reader.person("eve") == writer.person("eve")

            writer.delete_person("ada")
            assert reader.identify(FACES[:1], threshold=0.99)[0].person_id == ""
            with pytest.raises(UnknownPerson):
                reader.person("ada")
            assert reader.counts() == Counts(2, 1)


def test_a_reader_follows_a_file_that_grows(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as writer:
        writer.enroll("ada", FACES[0])
        with EmbeddingGallery.open(tmp_path, read_only=True) as reader:
            writer.enroll_many(
                [Enrollment(person_id=f"p{n}", embedding=face) for n, face in enumerate(FACES)]
            )
            answers = reader.identify(FACES[::100], threshold=0.9999, k=1)
    assert all(answer.is_known for answer in answers)


def test_there_is_one_writer_and_readers_cannot_write(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as writer:
        with pytest.raises(GalleryLocked, match=f"open in process {os.getpid()}"):
            EmbeddingGallery.open(tmp_path)
        with (
            EmbeddingGallery.open(tmp_path, read_only=True) as reader,
            EmbeddingGallery.open(tmp_path, read_only=True) as other,
        ):
            with pytest.raises(NotWritable, match="opened to read only"):
                reader.enroll("ada", FACES[0])
            writer.enroll("ada", FACES[0])
            assert other.counts() == reader.counts() == Counts(1, 1)


def test_a_gallery_is_closed_cleanly_beside_a_reader(tmp_path: Path) -> None:
    writer = EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM)
    writer.enroll("ada", FACES[0])
    with EmbeddingGallery.open(tmp_path, read_only=True) as reader:
        writer.close()
        assert reader.counts() == Counts(1, 1)
        with EmbeddingGallery.open(tmp_path) as again:
            again.enroll("bob", FACES[1])
            assert reader.identify(FACES[1:2], threshold=0.99)[0].person_id == "bob"


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A gallery's folder, and the same read only, where we may mount one."""
    folder, mounted = tmp_path / "gallery", tmp_path / "mounted"
    with EmbeddingGallery.create(folder, model_id="m", embedding_dim=DIM) as writer:
        writer.enroll("ada", FACES[0], face_id="f0")
    mounted.mkdir()
    commands = (
        ["mount", "--bind", str(folder), str(mounted)],
        ["mount", "-o", "remount,ro,bind", str(mounted)],
    )
    for command in commands:
        if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
            pytest.skip("needs the right to mount")
    yield folder, mounted
    subprocess.run(["umount", str(mounted)], check=True)


def test_a_read_only_folder_is_listed_and_searched(mounted: tuple[Path, Path]) -> None:
    folder, read_only = mounted
    code = (
        "import sys, numpy as np\n"
        "from facenet_res.gallery.gallery import EmbeddingGallery\n"
        "with EmbeddingGallery.open(sys.argv[1], read_only=True) as gallery:\n"
        "    print([person.person_id for person in gallery.people()])\n"
    )
    before = sorted(path.name for path in folder.iterdir())
    listed = subprocess.run(
        [sys.executable, "-c", code, str(read_only)], capture_output=True, text=True, check=False
    )
    assert (listed.stdout, listed.stderr) == ("['ada']\n", "")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_reader_of_a_read_only_folder_follows_who_writes_elsewhere(
    mounted: tuple[Path, Path],
) -> None:
    folder, read_only = mounted
    with EmbeddingGallery.open(read_only, read_only=True) as reader:
        assert reader.counts() == Counts(1, 1)
        with EmbeddingGallery.open(folder) as writer:
            writer.enroll("bob", FACES[1])
            assert reader.identify(FACES[1:2], threshold=0.99)[0].person_id == "bob"
            assert reader.counts() == Counts(2, 2)
            writer.delete_person("ada")
            assert reader.identify(FACES[:1], threshold=0.99)[0].person_id == ""
        assert reader.counts() == Counts(1, 1)
        with EmbeddingGallery.open(folder) as writer:
            writer.enroll("eve", FACES[2])
            assert reader.identify(FACES[2:3], threshold=0.99)[0].person_id == "eve"
