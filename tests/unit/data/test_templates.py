"""IJB's files: read as they are, and refused where they contradict each other."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FacenetError, FileMissing
from facenet_res.data.templates import (
    protocols,
    read_identification,
    read_template_pairs,
    read_template_set,
)
from tests.ijb_files import IjbFiles, write, write_ijb, write_subjects


@pytest.fixture
def files(tmp_path: Path) -> IjbFiles:
    return write_ijb(tmp_path / "IJBC")


@pytest.mark.parametrize("name", ["ijbb", "ijbc"])
def test_both_sets_are_read(tmp_path: Path, name: str) -> None:
    written = write_ijb(tmp_path / "set", name)

    found = read_template_set(tmp_path / "set")
    pairs = read_template_pairs(found)
    searches = read_identification(found)

    assert found.name == name
    assert found.images == tuple(row[0] for row in written.rows)
    assert found.templates.tolist() == [row[1] for row in written.rows]
    assert found.media.tolist() == [row[2] for row in written.rows]
    np.testing.assert_allclose(found.scores, written.scores, rtol=1e-6)
    assert found.landmarks[3, 2].tolist() == pytest.approx([56.03, 71.74])
    assert (len(pairs.first), int(pairs.is_same.sum())) == (128, 16)
    assert list(searches.galleries) == (["G1", "G2"] if name == "ijbc" else ["S1", "S2"])
    assert next(iter(searches.galleries.values())).subjects.tolist() == [0, 1, 2, 3]
    assert len(searches.probes.templates) == 16
    assert protocols(found) == ("11", "1n")


def test_a_set_may_have_one_protocol_only(files: IjbFiles) -> None:
    (files.folder / "meta" / "ijbc_1N_probe_mixed.csv").unlink()
    found = read_template_set(files.folder)
    assert protocols(found) == ("11",)
    (files.folder / "meta" / "ijbc_template_pair_label.txt").unlink()
    with pytest.raises(FileMissing, match=r"no protocol in .*template_pair_label\.txt or"):
        protocols(found)
    with pytest.raises(FileMissing, match="probe_mixed"):
        read_identification(found)


@pytest.mark.parametrize(
    ("end", "lines", "message"),
    [
        ("face_tid_mid.txt", ["1.jpg 1"], "line 1 has 2 fields, 3 are needed"),
        ("face_tid_mid.txt", [""], "is empty"),
        ("face_tid_mid.txt", ["1.jpg x 1"], "has 1 images and .* 72"),
        ("name_5pts_score.txt", ["1.jpg 1 2 3"], "line 1 has 4 fields, 12 are needed"),
        ("template_pair_label.txt", ["1 2 7"], "'template template 0|1'"),
        ("template_pair_label.txt", ["1 2"], "'template template 0|1'"),
        ("template_pair_label.txt", ["1 two 1"], "no table of whole numbers"),
        ("template_pair_label.txt", ["1 999 1"], "1 templates without an image, such as 999"),
        ("1N_probe_mixed.csv", ["T,S", "12,1", "12,2"], "template 12 has 2 subjects"),
        ("1N_gallery_G1.csv", ["T,S", "1,0", "2,0"], "gallery G1 .* has a subject twice"),
        ("1N_gallery_G1.csv", ["T,S", "42,4"], "1 subjects .* in both galleries, such as 4"),
        ("1N_gallery_G1.csv", ["T,S", "42"], "no table of whole numbers"),
    ],
)
def test_faults_are_named(files: IjbFiles, end: str, lines: list[str], message: str) -> None:
    write(files.folder, "ijbc", end, lines)
    with pytest.raises(DataInvalid, match=message):
        read_everything(files.folder)


def read_everything(folder: Path) -> None:
    found = read_template_set(folder)
    read_template_pairs(found)
    read_identification(found)


def test_lines_that_are_of_different_images_are_seen(files: IjbFiles) -> None:
    path = files.folder / "meta" / "ijbc_name_5pts_score.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(DataInvalid, match=r"line 1 is of 1\.jpg, .* there of 2\.jpg"):
        read_template_set(files.folder)


def test_a_number_that_is_not_finite_is_seen(files: IjbFiles) -> None:
    path = files.folder / "meta" / "ijbc_name_5pts_score.txt"
    path.write_text(path.read_text().replace("38.29", "nan", 1))
    with pytest.raises(DataInvalid, match="not finite"):
        read_template_set(files.folder)


@pytest.mark.parametrize("missing", ["ijbc_face_tid_mid.txt", "ijbc_name_5pts_score.txt"])
def test_a_missing_file_is_named(files: IjbFiles, missing: str) -> None:
    (files.folder / "meta" / missing).unlink()
    with pytest.raises(FacenetError, match=missing):
        read_template_set(files.folder)


def test_a_gallery_may_be_empty_of_nobody(files: IjbFiles) -> None:
    write_subjects(files.folder, "ijbc", "1N_gallery_G2.csv", [])
    with pytest.raises(DataInvalid, match="has 0 lines"):
        read_identification(read_template_set(files.folder))
