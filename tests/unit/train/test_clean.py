"""Crops that look unlike their identity are doubted, and a training takes the list."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing
from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.doubts import read_doubted, with_doubts
from facenet_res.data.input import class_labels
from facenet_res.train.clean import CleanReport, doubted_csv, doubted_labels
from tests.crops import write_crops


class HueEmbedder:
    """The mean colour of a face: what tells the people of `tests.crops` apart."""

    model_id = "hue"
    embedding_dim = 3

    def embed(self, faces: Faces) -> Embeddings:
        rows = faces.mean(axis=(1, 2)).astype(np.float32) - 127.5
        unit: Embeddings = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


@pytest.fixture
def mixed(tmp_path: Path) -> CropSource:
    """Three people with four crops each, one crop of the second filed under the first."""
    archive = write_crops(tmp_path / "crops.zip", identities=3, crops=4, unlabelled=2, seed=4)
    folder = tmp_path / "set"
    with open_crops(archive) as source:
        for crop in source:
            name = crop.name.replace("person1/0", "person0/stray")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(crop.data)
    (folder / "lonely").mkdir()
    (folder / "lonely" / "0.jpg").write_bytes((folder / "person2" / "0.jpg").read_bytes())
    return open_crops(folder)


def cleaned(source: CropSource) -> CleanReport:
    return doubted_labels(source, HueEmbedder(), similarity_min=0.8)


def test_the_stray_is_found_with_where_it_belongs(mixed: CropSource) -> None:
    report = cleaned(mixed)

    assert report.doubted[0].file == "person0/stray.jpg"
    assert report.doubted[0].nearest == "person1"
    assert report.doubted[0].similarity < 0.8 < report.doubted[0].nearest_similarity
    assert (report.crops, report.identities, report.alone) == (13, 4, 1)
    assert all(each.identity != "lonely" for each in report.doubted)


def test_a_recipe_s_list_takes_the_label_and_keeps_the_crop(
    mixed: CropSource, tmp_path: Path
) -> None:
    report = cleaned(mixed)
    (tmp_path / "doubted.csv").write_text(doubted_csv(report))

    doubting = with_doubts(mixed, read_doubted(tmp_path / "doubted.csv"))

    labels, _ = class_labels(doubting)
    assert len(doubting) == len(mixed)
    assert sum(labels >= 0) == 13 - len(report.doubted)
    assert not doubting.subset(np.arange(len(mixed))).is_label_sure.all()


def test_what_cannot_be_judged_is_said(tmp_path: Path, mixed: CropSource) -> None:
    alone = open_crops(write_crops(tmp_path / "alone.zip", identities=3, crops=1, unlabelled=0))

    with pytest.raises(DataInvalid, match="two readable crops"):
        cleaned(alone)
    with pytest.raises(ArgumentInvalid, match=r"\[-1, 1\], got 2"):
        doubted_labels(mixed, HueEmbedder(), similarity_min=2.0)


def test_a_list_of_another_set_or_no_list_is_refused(tmp_path: Path, mixed: CropSource) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name\nx\n")

    with pytest.raises(DataInvalid, match="column 'file'"):
        read_doubted(wrong)
    with pytest.raises(FileMissing, match=r"gone\.csv"):
        read_doubted(tmp_path / "gone.csv")
    with pytest.raises(DataInvalid, match="none of the 1 suspicious labels"):
        with_doubts(mixed, frozenset({"somebody/else.jpg"}))
