"""A teacher in `keras.ops` says what ONNX Runtime says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from facenet_res.convert.dlib_teacher import write_dlib_teacher
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.train.onnx_network import OnnxNetwork
from tests.dlib_files import write_small_network

onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
runtime: Any = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra `onnx`)")
DIM = 6


def write_network(path: Path, operators: tuple[str, ...] = ()) -> Path:
    """Every operator that is known, in a network of a few channels."""
    helper, kind, rng = onnx.helper, onnx.TensorProto.FLOAT, np.random.default_rng(2)
    shapes = {
        "k1": (8, 3, 3, 3), "b1": (8,), "gamma": (8,), "beta": (8,), "mean": (8,),
        "k2": (8, 1, 3, 3), "slope": (8, 1, 1), "factor": (1, 8, 1, 1), "m1": (8 * 9, 10),
        "m2": (DIM, 10), "b2": (DIM,),
    }  # fmt: skip
    weights = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    weights["variance"] = rng.uniform(0.5, 2, 8)
    weights["low"], weights["high"] = np.array(-1.5), np.array(1.5)
    convolve = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["x", "k1", "b1"], ["1"], **convolve),
        helper.make_node("BatchNormalization", ["1", "gamma", "beta", "mean", "variance"], ["2"]),
        helper.make_node("PRelu", ["2", "slope"], ["3"]),
        helper.make_node("Conv", ["3", "k2"], ["4"], group=8, **convolve),
        helper.make_node("Clip", ["4", "low", "high"], ["5"]),
        helper.make_node("Mul", ["5", "factor"], ["6"]),
        helper.make_node("Add", ["6", "4"], ["7"]),
        helper.make_node("Relu", ["7"], ["8"]),
        helper.make_node("Sub", ["8", "factor"], ["9"]),
        helper.make_node("Div", ["9", "high"], ["10"]),
        helper.make_node("Flatten", ["10"], ["11"]),
        helper.make_node("MatMul", ["11", "m1"], ["12"]),
        helper.make_node("Gemm", ["12", "m2", "b2"], ["y" if not operators else "13"], transB=1),
        *(helper.make_node(operator, ["13"], ["y"]) for operator in operators),
    ]
    graph = helper.make_graph(
        nodes,
        "all",
        [helper.make_tensor_value_info("x", kind, ["B", 3, 12, 12])],
        [helper.make_tensor_value_info("y", kind, ["B", DIM])],
        [onnx.numpy_helper.from_array(v.astype(np.float32), n) for n, v in weights.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    return path


def ours(path: Path, faces: np.ndarray) -> np.ndarray:
    got = OnnxNetwork(path)(ops.convert_to_tensor(faces))
    return np.asarray(ops.convert_to_numpy(got))


def theirs(path: Path, faces: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.asarray(session.run(None, {name: faces.transpose(0, 3, 1, 2)})[0])


def test_every_operator_computes_what_onnx_runtime_does(tmp_path: Path) -> None:
    path = write_network(tmp_path / "all.onnx")
    faces = np.random.default_rng(0).normal(size=(3, 12, 12, 3)).astype(np.float32)

    np.testing.assert_allclose(ours(path, faces), theirs(path, faces), rtol=1e-4, atol=1e-4)


def test_a_network_of_dlib_s_is_the_same(tmp_path: Path) -> None:
    """Products along rows and columns, pools, and sums of maps that differ in size."""
    path = tmp_path / "small.onnx"
    write_dlib_teacher(write_small_network(tmp_path / "small.dat"), path)
    faces = np.random.default_rng(0).uniform(-1, 1, (3, 112, 112, 3)).astype(np.float32)

    np.testing.assert_allclose(ours(path, faces), theirs(path, faces), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "inputs", "options", "told"),
    [
        ("MaxPool", ["x"], {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]}, "beyond its map"),
        ("AveragePool", ["x"], {"kernel_shape": [2, 2], "ceil_mode": 1}, "beyond its map"),
        ("Pad", ["x", "pads"], {"mode": "reflect"}, "only with zeros"),
    ],
)
def test_what_would_be_computed_wrongly_is_refused(
    tmp_path: Path, kind: str, inputs: list[str], options: dict[str, Any], told: str
) -> None:
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, ["y"], **options)],
        "one",
        [helper.make_tensor_value_info("x", number, ["B", 3, 12, 12])],
        [helper.make_tensor_value_info("y", number, None)],
        [onnx.numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")],
    )
    onnx.save(helper.make_model(graph), tmp_path / "one.onnx")

    with pytest.raises(ArtifactInvalid, match=told):
        ours(tmp_path / "one.onnx", np.zeros((1, 12, 12, 3), np.float32))


def test_the_shared_teacher_is_the_same(shared_data: Path) -> None:
    path = shared_data / "weights/mobilefacenet_ms1m_arcface.onnx"
    faces = np.random.default_rng(0).uniform(-1, 1, (1, 112, 112, 3)).astype(np.float32)

    np.testing.assert_allclose(ours(path, faces), theirs(path, faces), rtol=1e-3, atol=1e-3)


def test_what_cannot_be_run_is_named(tmp_path: Path) -> None:
    path = write_network(tmp_path / "odd.onnx", ("Sigmoid",))
    (tmp_path / "text.onnx").write_text("hello, this is text\n" * 9)

    with pytest.raises(ArtifactInvalid, match=r"operators \['Sigmoid'\]"):
        OnnxNetwork(path)
    with pytest.raises(ArtifactInvalid, match="no ONNX file"):
        OnnxNetwork(tmp_path / "text.onnx")
    with pytest.raises(FileMissing, match=r"gone\.onnx"):
        OnnxNetwork(tmp_path / "gone.onnx")


def test_a_network_that_makes_its_map_flat_channels_last_is_the_same(tmp_path: Path) -> None:
    helper, kind, rng = onnx.helper, onnx.TensorProto.FLOAT, np.random.default_rng(3)
    weights = {"kernel": rng.normal(size=(4, 3, 3, 3)), "matrix": rng.normal(size=(4 * 25, DIM))}
    constants = [onnx.numpy_helper.from_array(v.astype(np.float32), n) for n, v in weights.items()]
    nodes = [
        helper.make_node("Transpose", ["x"], ["1"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["1", "kernel"], ["2"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Transpose", ["2"], ["3"], perm=[0, 2, 3, 1]),
        helper.make_node("Relu", ["3"], ["4"]),
        helper.make_node("Reshape", ["4", "flat"], ["5"]),
        helper.make_node("MatMul", ["5", "matrix"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "last",
        [helper.make_tensor_value_info("x", kind, ["B", 12, 12, 3])],
        [helper.make_tensor_value_info("y", kind, ["B", DIM])],
        [*constants, onnx.numpy_helper.from_array(np.array([-1, 4 * 25]), "flat")],
    )
    path = tmp_path / "last.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    faces = np.random.default_rng(0).normal(size=(3, 12, 12, 3)).astype(np.float32)

    # `theirs` feeds channels first; this file takes them last.
    expected = theirs(path, faces.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(ours(path, faces), expected, rtol=1e-4, atol=1e-4)
