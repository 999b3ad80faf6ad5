"""What `auto` picks, what is refused, and that both say why."""

from dataclasses import replace
from pathlib import Path

import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.core.manifest import Manifest, ModelFile
from facenet_res.inference.choice import OFFERED, openvino_precision, with_engine
from facenet_res.inference.config import DEVICES, ENGINES, PRECISIONS, BackendConfig

OURS = Artifact(Path("m"), Manifest(model_id="m", embedding_dim=8, network={"family": "iresnet"}))
FOREIGN = Artifact(Path("m"), replace(OURS.manifest, network={}))
INT8 = Artifact(
    Path("m"), replace(OURS.manifest, files=(ModelFile("openvino_int8", "a.xml", "", 0),))
)


@pytest.mark.parametrize(
    ("artifact", "computes_in", "picked", "why"),
    [
        (OURS, {"FP32", "BF16"}, "bf16", "computes in bf16"),
        (OURS, {"FP32", "FP16"}, "f16", "computes in f16"),
        (OURS, {"FP32"}, "f32", "no bf16"),
        (FOREIGN, {"FP32", "BF16"}, "f32", "not ours"),
        (INT8, {"FP32", "BF16"}, "int8", "accepted int8"),
    ],
)
def test_auto_says_what_it_picked_and_why(
    artifact: Artifact, computes_in: set[str], picked: str, why: str
) -> None:
    choice = openvino_precision(artifact, "auto", computes_in)
    assert choice.precision == picked
    assert why in choice.reason


def test_int8_without_a_calibrated_network_says_how_to_make_one() -> None:
    with pytest.raises(ConfigInvalid, match="facenet-res develop quantise m --calibration CROPS"):
        openvino_precision(OURS, "int8", {"FP32"})


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_a_precision_that_the_device_lacks_is_refused(precision: str) -> None:
    with pytest.raises(EngineUnavailable, match=f"does not compute in {precision}, only in FP32"):
        openvino_precision(OURS, precision, {"FP32"})


def test_every_offer_is_of_known_names() -> None:
    for (engine, device), precisions in OFFERED.items():
        assert engine in ENGINES
        assert device in DEVICES
        assert set(precisions) <= set(PRECISIONS)


def test_auto_is_openvino() -> None:
    assert with_engine(BackendConfig()).engine == "openvino"


def test_a_precision_of_tensorrt_alone_is_not_taken_for_one_of_the_cpu() -> None:
    # ONNX Runtime computed in f32 and said f16.
    with pytest.raises(
        ConfigInvalid, match="engine onnx on cpu computes in f32, got precision 'f16'"
    ):
        with_engine(BackendConfig(engine="onnx", precision="f16"))
    asked = BackendConfig(engine="onnx", device="tensorrt", precision="f16")
    assert with_engine(asked).precision == "f16"
