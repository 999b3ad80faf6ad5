"""Many files: in order, bounded, and never stopped by one of them."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, EngineUnavailable, FileMissing
from facenet_res.core.ordered import ITEMS_PER_WORKER
from facenet_res.core.types import Embeddings, Faces
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder


@pytest.fixture
def recognizer() -> FaceRecognizer:
    return FaceRecognizer.of(FakeDetector(), FakeEmbedder())


def write_photos(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"photo{n:03}.jpg" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(encode_jpeg(np.full((120 + n, 160, 3), 9 * n % 256, np.uint8)))
    return paths


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_the_order_of_the_paths(
    tmp_path: Path, recognizer: FaceRecognizer, workers: int
) -> None:
    paths = write_photos(tmp_path, 20)
    results = list(recognizer.embed_many(paths, workers=workers))
    assert [Path(result.source) for result in results] == paths
    heights = [result.height_px for result in results]
    assert heights == [120 + n for n in range(20)]


def test_a_path_may_be_a_str(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    paths = write_photos(tmp_path, 2)
    results = recognizer.embed_many(map(str, paths))
    assert [Path(result.source) for result in results] == paths


def test_a_bad_file_is_skipped_with_its_reason_and_the_others_go_on(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    good = write_photos(tmp_path, 2)
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir or Madam")
    paths = [good[0], letter, tmp_path / "none.jpg", tmp_path, good[1]]

    results = list(recognizer.embed_many(paths))

    errors = [result.error for result in results]
    assert [error.reason if error else "" for error in errors] == [
        "",
        "IMAGE_UNREADABLE",
        "FILE_MISSING",
        "FILE_MISSING",
        "",
    ]


def test_a_folder_stands_for_the_images_in_it(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    paths = write_photos(tmp_path, 3)
    (tmp_path / "notes.txt").write_text("no image")
    assert [Path(result.source) for result in recognizer.embed_many(tmp_path)] == paths
    with pytest.raises(FileMissing):
        recognizer.embed_many(tmp_path / "absent")


def test_progress_is_told_after_each_file(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    told: list[int] = []
    paths = write_photos(tmp_path, 5)
    list(recognizer.embed_many(paths, on_progress=told.append))
    assert told == [1, 2, 3, 4, 5]


def test_endless_paths_are_read_only_a_few_ahead(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    [photo] = write_photos(tmp_path, 1)
    taken: list[int] = []

    def paths() -> Iterator[Path]:
        for n in itertools.count():
            taken.append(n)
            yield photo

    results = recognizer.embed_many(paths(), workers=2)
    for _ in range(3):
        next(results)

    assert len(taken) <= 3 + 2 * ITEMS_PER_WORKER


def test_a_reader_who_stops_leaves_no_thread_behind(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    results = recognizer.embed_many(write_photos(tmp_path, 30))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("embed")]


def test_what_would_fail_for_every_file_is_raised(tmp_path: Path) -> None:
    class Broken(FakeEmbedder):
        def embed(self, faces: Faces) -> Embeddings:
            raise EngineUnavailable("the device is gone")

    recognizer = FaceRecognizer.of(FakeDetector(), Broken())
    with pytest.raises(EngineUnavailable):
        list(recognizer.embed_many(write_photos(tmp_path, 3)))


def test_no_paths_give_no_results(recognizer: FaceRecognizer) -> None:
    assert list(recognizer.embed_many([])) == []


@pytest.mark.parametrize(("workers", "faces_max"), [(0, None), (257, None), (2, 0)])
def test_settings_out_of_range_are_refused_before_the_first_file(
    recognizer: FaceRecognizer, workers: int, faces_max: int | None
) -> None:
    with pytest.raises(ArgumentInvalid):
        recognizer.embed_many([], workers=workers, faces_max=faces_max)
