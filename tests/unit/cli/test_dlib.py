"""`models dlib`: a teacher that is not there yet, or a sentence that says what is wrong."""

from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.train.teacher import Teacher
from tests.dlib_files import DIM, write_small_network
from tests.unit.cli.conftest import Run

pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")


def test_a_teacher_is_written(run: Run, tmp_path: Path) -> None:
    source, out = write_small_network(tmp_path / "small.dat"), tmp_path / "teachers" / "d.onnx"

    ran = run("develop", "dlib", source, "--out", out)

    assert ran.code == exit_codes.OK
    assert "2 residual blocks" in ran.out
    assert Teacher(out).embedding_dim == DIM
    assert run("develop", "dlib", source, "--out", out).code == exit_codes.INPUT
    again = run("develop", "dlib", source, "--out", out, "--overwrite", "--json")
    assert again.json["embedding_dim"] == DIM
    assert again.json["file"] == str(out)


def test_a_file_of_another_kind_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.dat").write_text("nothing of the kind")

    ran = run("develop", "dlib", tmp_path / "text.dat", "--out", tmp_path / "d.onnx")

    assert ran.code == exit_codes.INPUT
    assert "is no face network of dlib's" in ran.err
    assert not (tmp_path / "d.onnx").exists()
