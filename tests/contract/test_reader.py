"""What every format of a training set must do: the same crops come out, by number."""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import CropSource, fingerprint, open_crops
from tests.training_sets import (
    Made,
    made_crops,
    write_folder,
    write_insightface,
    write_tars,
    write_tfrecords,
    write_zip,
)

# 1 and 3 to 6 are unused, and "7" has one crop.
LABELLED = made_crops({"0": 5, "2": 4, "7": 1})
NOBODY = made_crops({"": 2}, seed=9)
DAMAGED = 6

Write = Callable[[Path, Sequence[Made]], Path]
WRITERS: dict[str, Write] = {
    "folder": write_folder,
    "zip": lambda path, crops: write_zip(path / "crops.zip", crops),
    "tar": write_tars,
    "tfrecord": write_tfrecords,
    "insightface": write_insightface,
    "insightface, no ranges": lambda path, crops: write_insightface(path, crops, has_header=False),
    "insightface, no index": lambda path, crops: _without_index(write_insightface(path, crops)),
}
each_format = pytest.mark.parametrize("write", list(WRITERS.values()), ids=list(WRITERS))


@pytest.fixture(params=list(WRITERS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The crops in one of the formats."""
    return WRITERS[request.param](tmp_path, LABELLED)


@pytest.fixture
def source(path: Path) -> Iterator[CropSource]:
    with open_crops(path) as opened:
        yield opened


def test_every_crop_is_there_with_its_bytes_and_its_identity(source: CropSource) -> None:
    found = Counter((crop.identity, crop.data) for crop in source)

    assert found == Counter((crop.identity, crop.data) for crop in LABELLED)


def test_labels_are_dense_and_stand_for_identities(source: CropSource) -> None:
    assert list(source.identities) == ["0", "2", "7"]
    assert source.labels.dtype == np.int32
    assert np.bincount(source.labels).tolist() == [5, 4, 1]
    assert source.is_label_sure.all()
    for number, crop in enumerate(source):
        assert crop.identity == source.identity(number)
        assert crop.name == source.name(number)


def test_names_are_unique(source: CropSource) -> None:
    names = list(source.reader.table.names)

    assert len(set(names)) == len(names) == len(LABELLED)


def test_any_order_and_any_thread_reads_the_same(source: CropSource) -> None:
    expected = [crop.data for crop in source]
    order = np.random.default_rng(0).integers(0, len(source), 400).tolist()

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: source[number].data, order))

    assert got == [expected[number] for number in order]


def test_opening_again_finds_the_same_order(path: Path, source: CropSource) -> None:
    with open_crops(path) as again:
        assert [crop.name for crop in again] == [crop.name for crop in source]
        assert fingerprint(again) == fingerprint(source)


def test_a_subset_is_a_set_of_its_own(source: CropSource) -> None:
    some = source.subset(np.array([7, 2, 3])).subset(np.array([0, 2]))

    assert len(some) == 2
    assert [crop.name for crop in some] == [source.name(7), source.name(3)]
    assert some.labels.tolist() == [source.labels[7], source.labels[3]]


def test_a_number_that_is_not_there_is_no_crop(source: CropSource) -> None:
    with pytest.raises(IndexError):
        source[len(LABELLED)]


def test_closing_twice_does_no_harm(path: Path) -> None:
    source = open_crops(path)
    source.close()
    source.close()


@each_format
def test_a_damaged_crop_is_named_and_the_others_are_read(write: Write, tmp_path: Path) -> None:
    damaged = _overwritten(write(tmp_path, LABELLED), LABELLED[DAMAGED].data)

    with open_crops(damaged) as source:
        faults = {}
        for number in range(len(source)):
            try:
                source[number].decode()
            except DataInvalid as error:
                faults[number] = str(error)

        assert len(source) == len(LABELLED)
        assert len(faults) == 1
        ((number, message),) = faults.items()
        assert source.name(number) in message


@each_format
def test_a_cut_set_keeps_what_is_left_or_is_refused(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, LABELLED)
    for file in _big_files(path):
        file.write_bytes(file.read_bytes()[: file.stat().st_size * 6 // 10])

    if path.suffix == ".zip":  # its index stands at the end
        with pytest.raises(DataInvalid, match="not a whole zip"):
            open_crops(path)
        return
    with open_crops(path) as source:
        wholes, faults = [], len(source.reader.table.faults)
        for number in range(len(source)):
            try:
                source[number].decode()
            except DataInvalid:
                faults += 1
            else:
                wholes.append(source[number].data)

    assert faults > 0
    assert set(wholes) <= {crop.data for crop in LABELLED}


@pytest.mark.parametrize("name", ["folder", "zip", "tar", "tfrecord"])
def test_crops_without_identity_have_no_label(name: str, tmp_path: Path) -> None:
    with open_crops(WRITERS[name](tmp_path, [*LABELLED, *NOBODY])) as source:
        nobody = {source[number].data for number in np.flatnonzero(source.labels == -1)}

        assert nobody == {crop.data for crop in NOBODY}
        assert {crop.data for crop in source if not crop.identity} == nobody


@pytest.mark.parametrize("name", ["tar", "tfrecord", "insightface"])
def test_unused_labels_are_counted(name: str, tmp_path: Path) -> None:
    with open_crops(WRITERS[name](tmp_path, LABELLED)) as source:
        assert source.reader.table.label_gaps == 5


@pytest.mark.parametrize("name", ["folder", "zip", "tar", "tfrecord", "insightface"])
def test_an_empty_set_is_refused(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath("set").mkdir()
    path = WRITERS[name](tmp_path / "set", [])

    with pytest.raises(DataInvalid, match=r"holds no crops|no whole"):
        open_crops(path)


def test_a_deflated_zip_is_read_as_well(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "crops.zip", LABELLED, zipfile.ZIP_DEFLATED)

    with open_crops(path) as source:
        assert {crop.data for crop in source} == {crop.data for crop in LABELLED}


def test_nothing_there_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nowhere"):
        open_crops(tmp_path / "nowhere")


def _without_index(folder: Path) -> Path:
    (folder / "train.idx").unlink()
    return folder


def _big_files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in files if file.is_file() and file.stat().st_size > 2000]


def _overwritten(path: Path, wanted: bytes) -> Path:
    """Puts zeros over some bytes of the set, which stand there once."""
    hits = 0
    for file in _big_files(path):
        data = file.read_bytes()
        hits += data.count(wanted)
        file.write_bytes(data.replace(wanted, bytes(len(wanted))))
    assert hits == 1
    return path
