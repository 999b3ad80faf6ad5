"""Foreign ONNX networks are served as they are, by the default engine, or refused in a sentence."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.convert.importing import ImportConfig, import_model
from facenet_res.convert.parity import SIMILARITY_MIN
from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid
from facenet_res.export.parity import parity_faces
from facenet_res.inference.open import open_embedder
from tests.onnx_files import with_input_type, write_onnx_file, write_prelu_file

onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")

CONFIG = ImportConfig(
    name="tiles", licence="for tests", as_is=True, mean=127.5, scale=127.5, colour_order="RGB"
)


@pytest.mark.parametrize(
    ("layout", "batch"), [("NCHW", "batch"), ("NHWC", "batch"), ("NCHW", 1), ("NCHW", 4)]
)
def test_a_network_is_served_alike_by_openvino_and_onnx_runtime(
    tmp_path: Path, layout: Any, batch: Any
) -> None:
    source = write_onnx_file(tmp_path / "net.onnx", layout, batch)

    imported = import_model(source, tmp_path / "model", CONFIG)

    assert imported.artifact.manifest.layout == layout
    assert imported.similarity_min >= SIMILARITY_MIN
    rows = []
    for engine in ("auto", "onnx"):
        with open_embedder(tmp_path / "model", engine) as embedder:
            rows.append(embedder.embed(parity_faces(3)))
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)


def test_the_shared_mobilefacenet_is_served_by_the_default_engine(
    tmp_path: Path, shared_data: Path
) -> None:
    source = shared_data / "weights" / "mobilefacenet_ms1m_arcface.onnx"
    imported = import_model(source, tmp_path / "model", CONFIG)
    assert imported.artifact.manifest.embedding_dim == 128
    with open_embedder(tmp_path / "model") as embedder:
        # Whichever is the faster one here.
        assert embedder.description.startswith(("OpenVINO", "ONNX Runtime"))


@pytest.mark.parametrize("missing", ["mean", "scale", "colour_order"])
def test_what_an_onnx_file_does_not_say_must_be_given(tmp_path: Path, missing: str) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    config = dataclasses.replace(CONFIG, **{missing: None})
    with pytest.raises(ArgumentInvalid, match=rf"{missing} must be given"):
        import_model(source, tmp_path / "model", config)


def test_a_network_that_is_no_iresnet_points_to_as_is(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    with pytest.raises(ArtifactInvalid, match=r"no IResNet: after .*Transpose.*--as-is"):
        import_model(source, tmp_path / "model", ImportConfig(name="t", licence="x"))


def test_an_unknown_operator_is_named(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    model = onnx.load(source)
    model.graph.node[1].op_type = "Conjure"
    onnx.save(model, source)
    with pytest.raises(ArtifactInvalid, match="Conjure"):
        import_model(source, tmp_path / "model", CONFIG)
    assert not (tmp_path / "model").exists()


def test_another_length_than_the_networks_is_refused(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    with pytest.raises(ArtifactInvalid, match="the manifest says"):
        import_model(source, tmp_path / "model", dataclasses.replace(CONFIG, embedding_dim=9))


def test_an_output_that_is_no_embedding_is_refused(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    model = onnx.load(source)
    model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = 1
    onnx.save(model, source)
    with pytest.raises(ArtifactInvalid, match="no embedding network"):
        import_model(source, tmp_path / "model", CONFIG)


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    model = onnx.load(source)
    onnx.save(model, source, save_as_external_data=True, size_threshold=0, location="w.bin")
    with pytest.raises(ArtifactInvalid, match="weights in other files"):
        import_model(source, tmp_path / "model", CONFIG)


@pytest.mark.parametrize("as_is", [True, False])
def test_a_cut_off_file_is_refused(tmp_path: Path, as_is: bool) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    source.write_bytes(source.read_bytes()[:-700])
    with pytest.raises(ArtifactInvalid, match=r"net\.onnx"):
        import_model(source, tmp_path / "model", dataclasses.replace(CONFIG, as_is=as_is))


def test_a_value_out_of_range_is_refused(tmp_path: Path) -> None:
    source = write_onnx_file(tmp_path / "net.onnx")
    with pytest.raises(ArtifactInvalid, match="scale: Expected float >= 1e-06"):
        import_model(source, tmp_path / "model", dataclasses.replace(CONFIG, scale=0.0))


def test_only_onnx_is_served_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"x")
    with pytest.raises(ArgumentInvalid, match="only an ONNX file"):
        import_model(tmp_path / "a.pth", tmp_path / "model", CONFIG)


@pytest.mark.parametrize(
    ("kind", "mean", "scale"), [("FLOAT16", 127.5, 127.5), ("UINT8", 0.0, 1.0)]
)
def test_other_input_types_are_served_alike_by_both_engines(
    tmp_path: Path, kind: str, mean: float, scale: float
) -> None:
    source = with_input_type(write_onnx_file(tmp_path / "net.onnx"), kind)
    config = dataclasses.replace(CONFIG, mean=mean, scale=scale)

    import_model(source, tmp_path / "model", config)

    rows = []
    for engine in ("auto", "onnx"):
        with open_embedder(tmp_path / "model", engine, precision="f32") as embedder:
            rows.append(embedder.embed(parity_faces(3)))
    np.testing.assert_allclose(rows[0], rows[1], atol=2e-3)


def test_uint8_takes_pixels_as_they_are(tmp_path: Path) -> None:
    source = with_input_type(write_onnx_file(tmp_path / "net.onnx"), "UINT8")
    with pytest.raises(ArtifactInvalid, match=rf"{source}: .* mean must be 0 and scale 1, got 127"):
        import_model(source, tmp_path / "model", CONFIG)


def test_another_input_type_is_refused_by_name(tmp_path: Path) -> None:
    source = with_input_type(write_onnx_file(tmp_path / "net.onnx"), "DOUBLE")
    with pytest.raises(ArtifactInvalid, match=rf"{source}: .*'faces', .*tensor\(double\)"):
        import_model(source, tmp_path / "model", CONFIG)


@pytest.mark.parametrize("lists_weights", [True, False])
def test_a_slope_of_one_axis_is_one_for_each_channel(tmp_path: Path, lists_weights: bool) -> None:
    flat = write_prelu_file(tmp_path / "flat.onnx", (8,), lists_weights=lists_weights)
    whole = write_prelu_file(tmp_path / "whole.onnx", (8, 1, 1))

    for source in (flat, whole):
        import_model(source, tmp_path / source.stem, CONFIG)

    rows = []
    for folder, engine in (("flat", "auto"), ("flat", "onnx"), ("whole", "onnx")):
        with open_embedder(tmp_path / folder, engine, precision="f32") as embedder:
            rows.append(embedder.embed(parity_faces(3)))
    np.testing.assert_allclose(rows[0], rows[2], atol=1e-5)
    np.testing.assert_allclose(rows[1], rows[2], atol=1e-5)


def test_a_node_that_no_engine_can_run_is_named_with_the_user_s_file(tmp_path: Path) -> None:
    source = write_prelu_file(tmp_path / "odd.onnx", (5,))
    with pytest.raises(ArtifactInvalid, match=rf"cannot run {source}: .*PRelu.*relu0"):
        import_model(source, tmp_path / "model", CONFIG)
    assert not (tmp_path / "model").exists()
