"""A network's work counted in its graph is that of its plan, and times are real."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from facenet_res.convert.dlib_teacher import write_dlib_teacher
from facenet_res.core.artifact import Artifact
from facenet_res.core.openvino_runtime import ov
from facenet_res.evaluation.cost import graph_complexity, measure_cost, network_complexity
from facenet_res.inference.openvino_network import read_network
from facenet_res.models.census import census
from facenet_res.models.config import ModelConfig
from tests.artifacts import write_random_artifact
from tests.dlib_files import DIM, SIDE_PX, write_small_network


@pytest.fixture(scope="module", params=["flatten", "gdc"])
def artifact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("cost") / "model"
    return write_random_artifact(folder, head=request.param)


def test_the_graph_has_the_products_of_the_plan(artifact: Artifact) -> None:
    counted = graph_complexity(read_network(ov.Core(), artifact))
    planned = census(ModelConfig.from_dict(artifact.manifest.network))
    assert counted.macs == planned.macs
    # Folded batch normalisation leaves one weight less and one more here and there.
    assert counted.parameters == pytest.approx(planned.parameters, rel=0.05)


def test_a_network_of_others_is_counted_in_its_graph(artifact: Artifact) -> None:
    unknown = Artifact(artifact.folder, replace(artifact.manifest, network={}))
    assert network_complexity(unknown).macs == network_complexity(artifact).macs


def test_products_of_maps_are_counted_on_either_side(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
    path = tmp_path / "small.onnx"
    write_dlib_teacher(write_small_network(tmp_path / "small.dat"), path)

    counted = graph_complexity(ov.Core().read_model(path))

    samples = 3 * SIDE_PX * 112 * 112 + 3 * SIDE_PX * SIDE_PX * 112
    # Maps of 10 px, then 4, then 1, with kernels of 3 px; 8 channels go into the matrix.
    kernels = 9 * (3 * 4 * 100 + 2 * 4 * 4 * 16 + 4 * 8 + 8 * 8)
    assert counted.macs == samples + kernels + 8 * DIM


def test_times_and_bytes_are_measured(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    cost = measure_cost(artifact, rounds=3)
    assert 0 < cost.one_core_ms < 1000
    assert 0 < cost.two_cores_ms < 1000
    assert math.isnan(cost.int8_one_core_ms)
    assert cost.bytes == (artifact.folder / "model.safetensors").stat().st_size
