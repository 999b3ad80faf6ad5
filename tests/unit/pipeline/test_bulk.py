"""Many files: in order, bounded, and never stopped by one of them."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, EngineUnavailable
from facenet_res.core.types import Embeddings, Faces
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.pipeline.bulk import FILES_PER_WORKER, FileFaces, FileSkipped, embed_files
from facenet_res.pipeline.embed import FacePipeline
from tests.fakes import FakeDetector, FakeEmbedder


@pytest.fixture
def pipeline() -> FacePipeline:
    return FacePipeline(FakeDetector(), FakeEmbedder())


def write_photos(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"photo{n:03}.jpg" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(encode_jpeg(np.full((120 + n, 160, 3), 9 * n % 256, np.uint8)))
    return paths


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_the_order_of_the_paths(
    tmp_path: Path, pipeline: FacePipeline, workers: int
) -> None:
    paths = write_photos(tmp_path, 20)
    results = list(embed_files(pipeline, paths, workers=workers))
    assert [result.path for result in results] == paths
    heights = [result.height_px for result in results if isinstance(result, FileFaces)]
    assert heights == [120 + n for n in range(20)]


def test_a_path_may_be_a_str(tmp_path: Path, pipeline: FacePipeline) -> None:
    paths = write_photos(tmp_path, 2)
    assert [result.path for result in embed_files(pipeline, map(str, paths))] == paths


def test_a_bad_file_is_skipped_with_its_reason_and_the_others_go_on(
    tmp_path: Path, pipeline: FacePipeline
) -> None:
    good = write_photos(tmp_path, 2)
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir or Madam")
    paths = [good[0], letter, tmp_path / "none.jpg", tmp_path, good[1]]

    results = list(embed_files(pipeline, paths))

    assert [type(result) for result in results] == [
        FileFaces,
        FileSkipped,
        FileSkipped,
        FileSkipped,
        FileFaces,
    ]
    skipped = [result for result in results if isinstance(result, FileSkipped)]
    assert [result.reason for result in skipped] == [
        "IMAGE_UNREADABLE",
        "FILE_MISSING",
        "FILE_MISSING",
    ]
    assert all(result.message for result in skipped)


def test_progress_is_told_after_each_file(tmp_path: Path, pipeline: FacePipeline) -> None:
    told: list[int] = []
    paths = write_photos(tmp_path, 5)
    list(embed_files(pipeline, paths, on_progress=told.append))
    assert told == [1, 2, 3, 4, 5]


def test_endless_paths_are_read_only_a_few_ahead(tmp_path: Path, pipeline: FacePipeline) -> None:
    [photo] = write_photos(tmp_path, 1)
    taken: list[int] = []

    def paths() -> Iterator[Path]:
        for n in itertools.count():
            taken.append(n)
            yield photo

    results = embed_files(pipeline, paths(), workers=2)
    for _ in range(3):
        next(results)

    assert len(taken) <= 3 + 2 * FILES_PER_WORKER


def test_a_reader_who_stops_leaves_no_thread_behind(tmp_path: Path, pipeline: FacePipeline) -> None:
    results = embed_files(pipeline, write_photos(tmp_path, 30))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("embed-files")]


def test_what_would_fail_for_every_file_is_raised(tmp_path: Path) -> None:
    class Broken(FakeEmbedder):
        def embed(self, faces: Faces) -> Embeddings:
            raise EngineUnavailable("the device is gone")

    pipeline = FacePipeline(FakeDetector(), Broken())
    with pytest.raises(EngineUnavailable):
        list(embed_files(pipeline, write_photos(tmp_path, 3)))


def test_no_paths_give_no_results(pipeline: FacePipeline) -> None:
    assert list(embed_files(pipeline, [])) == []


@pytest.mark.parametrize(("workers", "faces_max"), [(0, None), (257, None), (2, 0)])
def test_settings_out_of_range_are_refused_before_the_first_file(
    pipeline: FacePipeline, workers: int, faces_max: int | None
) -> None:
    with pytest.raises(ArgumentInvalid):
        embed_files(pipeline, [], workers=workers, faces_max=faces_max)
