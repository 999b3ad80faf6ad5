"""A whole judgement in miniature: figures, record, card and page agree with each other."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.judge_data import HeldOut, JudgeData, load_judge_data
from facenet_res.evaluation.judged_page import judged_page
from facenet_res.evaluation.judged_record import Circumstances, record, record_text
from facenet_res.evaluation.judging import Judged, Network, judge_network, sampled
from facenet_res.evaluation.model_card import RunHistory, model_card
from facenet_res.evaluation.pairs import judge_pairs, located
from facenet_res.evaluation.subjects import embed_subjects
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.artifacts import write_random_artifact
from tests.fakes import FakeDetector, FakeEmbedder
from tests.judge_sets import CONFIG, write_judge_files

FAKE = FaceRecognizer.of(FakeDetector(), FakeEmbedder())
NOW = Circumstances("2026-11-25", "a machine", {"numpy": "2"}, "fake", "make judge")
HISTORY = RunHistory(
    crops_sha256="made",
    start="",
    steps=100,
    batch_size=64,
    teachers=("mobilefacenet_ms1m_arcface.onnx",),
    held_out=HeldOut(CONFIG.identities, CONFIG.crops_min, CONFIG.unlabelled),
    validation=((3200, 0.25), (6400, 0.5)),
)


def quiet(stage: str, done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> JudgeData:
    folder = tmp_path_factory.mktemp("data")
    return load_judge_data(write_judge_files(folder), FAKE, CONFIG, quiet)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture(scope="module")
def network(artifact: Artifact) -> Iterator[Network]:
    folder = artifact.folder
    with FaceRecognizer(folder) as plain, FaceRecognizer(folder, flip=True) as mirrored:
        yield Network(artifact, plain, mirrored.embedder, False)


@pytest.fixture(scope="module")
def judged(network: Network, data: JudgeData) -> Judged:
    return judge_network(network, data, CONFIG, quiet)


def card(judged: tuple[Judged, Judged], data: JudgeData, history: RunHistory | None) -> str:
    trained_on = replace(data.trained_on, sha256="made")
    return model_card(judged, NOW, trained_on, history, title="made", commands="do it")


def test_lfw_is_what_the_protocol_alone_finds(
    judged: Judged, network: Network, data: JudgeData
) -> None:
    with open_images(data.photos.with_name("lfw.zip")) as source:
        names = located(data.pairs, source.names)
        recognizer = FaceRecognizer.of(FakeDetector(), network.mirrored)
        subjects = embed_subjects(source, names, recognizer)
    alone = judge_pairs(data.pairs, subjects, network.embedder.model_id)
    assert judged.lfw.accuracy == alone.accuracy
    assert judged.lfw.tar_at_far == alone.tar_at_far


def test_the_figures_hang_together(judged: Judged) -> None:
    clean, *others = judged.robustness
    assert (clean.name, clean.drop, len(others)) == ("clean", 0.0, 6)
    assert all(one.drop == clean.accuracy.mean - one.accuracy.mean for one in others)
    assert judged.validation.genuine_pairs == 10 * 6
    assert judged.validation.impostor_pairs == 780 - 60
    assert judged.validation.drawn == "person"
    assert [one.fmr for one in judged.non_enrolled] == [1e-2, 1e-3, 1e-4]
    # The thresholds are the manifest's, and a stricter one names nobody more.
    assert [one.threshold for one in judged.non_enrolled] == [0.5, 0.6, 0.7]
    named = [one.named for one in judged.non_enrolled]
    assert named == sorted(named, reverse=True)
    assert judged.non_enrolled[1].named == judged.photos.false_accepts
    assert all(0 <= one.tpir <= 1 and one.named <= 100 for one in judged.at_fpir)
    assert {attribute.name for attribute in judged.groups.attributes} == {"origin", "gender", "age"}


def test_without_thresholds_those_of_the_held_out_people_stand_in(
    network: Network, data: JudgeData
) -> None:
    manifest = replace(network.artifact.manifest, thresholds=())
    bare = replace(network, artifact=Artifact(network.artifact.folder, manifest))
    judged = judge_network(bare, data, CONFIG, quiet)
    measured = {one.fmr: one.threshold for one in judged.validation.tar_at_far}
    assert judged.non_enrolled[0].threshold == measured[1e-2]


def test_the_record_is_json_and_has_the_figures(judged: Judged) -> None:
    read = json.loads(record_text(record(judged, judged, NOW)))
    assert judged.lfw.accuracy is not None
    assert read["model_id"] == judged.manifest.model_id
    assert read["model"]["lfw"]["accuracy"]["mean"] == judged.lfw.accuracy.mean
    assert read["model"]["cost"]["int8_one_core_ms"] is None
    assert read["model"] == read["teacher"]


def test_the_card_states_what_was_measured(judged: Judged, data: JudgeData) -> None:
    text = card((judged, judged), data, HISTORY)
    accuracy = judged.lfw.accuracy
    assert accuracy is not None
    assert f"{100 * accuracy.mean:.2f} % ± {100 * accuracy.standard_error:.2f}" in text
    assert judged.manifest.model_id in text
    assert "Trained on 28 aligned crops: 8 of 2 identities" in text
    assert "100 steps of 64 crops: 0.01 million images seen" in text
    assert "| 6,400 | 50.0 % |" in text
    assert "IResNet-18, width 0.125 (8, 16, 32, 64 channels), half stem, flatten head" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) > 40
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("held_out", "is_spared"),
    [((10, 4, 80), True), ((11, 4, 90), True), ((9, 4, 80), False), ((10, 5, 80), False)],
)
def test_a_card_says_whether_training_saw_what_it_is_judged_by(
    judged: Judged, data: JudgeData, held_out: tuple[int, int, int], is_spared: bool
) -> None:
    seen = replace(HISTORY, held_out=HeldOut(*held_out), teachers=("one.onnx", "other.onnx"))
    for history in (seen, replace(HISTORY, earlier=(seen,))):
        text = card((judged, judged), data, history)
        assert ("were held out of training;" in text) is is_spared
        assert ("crops that training did not see" in text) is is_spared
        assert ("the figures on them flatter it" in text) is not is_spared
        assert "\n\n\n" not in text
    elsewhere = replace(HISTORY, crops_sha256="others")
    for history in (
        replace(HISTORY, start="weights.safetensors"),
        elsewhere,
        replace(HISTORY, start="old.safetensors", earlier=(elsewhere,)),
    ):
        text = card((judged, judged), data, history)
        assert "does not say that it was trained on the crops" in text
        assert "held out of training;" not in text
        assert "that training did not see" not in text
    assert "The teachers: one.onnx, other.onnx." in card((judged, judged), data, seen)


def test_a_card_names_further_sets_and_what_dlib_s_network_has_seen(
    judged: Judged, data: JudgeData
) -> None:
    start = replace(HISTORY, start="dlib-resnet", more_crops=("crops_more.zip",))
    for history in (start, replace(start, start="last.safetensors", earlier=(start,))):
        text = card((judged, judged), data, history)
        assert "held out of training;" in text
        assert "began with dlib's network (CC0)" in text
        assert "Families in the Wild" in text
        assert "\n\n\n" not in text
    assert "dlib" not in card((judged, judged), data, HISTORY)


def test_a_card_claims_no_data_that_the_folder_does_not_tell_of(
    judged: Judged, data: JudgeData
) -> None:
    text = card((judged, judged), data, None)
    assert "CelebA)" not in text
    assert "Its folder does not say that it was trained on the crops" in text
    assert "## The run" not in text


def test_the_page_has_plots_and_no_picture(judged: Judged) -> None:
    page = judged_page((judged, judged), NOW, HISTORY, "do it")
    assert page.count("<svg") == 18
    assert not re.search(r"<img|<image|data:image|base64", page)
    assert len(page.encode()) < 1_000_000


def test_the_runs_before_the_last_are_told_of_too(judged: Judged, data: JudgeData) -> None:
    history = replace(HISTORY, start="old.safetensors", earlier=(HISTORY, HISTORY))
    text = card((judged, judged), data, history)
    assert "2 runs came before it (`training/earlier`), 0.02 million images in all." in text
    assert "\n\n\n" not in text
    page = judged_page((judged, judged), NOW, history, "do it")
    assert "100 steps of 64 crops; then 100 steps of 64 crops; then 100 steps" in page
    assert "images seen, in all runs" in page


def test_a_sample_counts_both_kinds_of_answers() -> None:
    assert sampled([0.6, 0.4, 0.6, 0.4], [True, True, False, False], [0.5, 0.5, 0.7, 0.3]) == 2
    assert np.isclose(sampled([0.5], [True], [0.5]), 1)


def test_a_model_with_mirror_images_says_so_and_costs_twice(
    network: Network, judged: Judged, data: JudgeData
) -> None:
    with FaceRecognizer(network.artifact.folder, flip=True) as recognizer:
        both = replace(network, recognizer=recognizer, is_mirrored=True)
        mirrored = judge_network(both, data, CONFIG, quiet)
    assert mirrored.lfw.accuracy == judged.lfw.accuracy
    assert mirrored.cost.macs == 2 * judged.cost.macs
    assert "the manifest asks for it" in card((mirrored, mirrored), data, None)
    assert "all others without, as in serving" in card((judged, judged), data, None)
