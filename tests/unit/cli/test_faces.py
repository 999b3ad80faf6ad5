"""`detect` and `embed`: what is found, what is skipped, what is written."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core import exit_codes
from tests.unit.cli.conftest import Run


def test_detect_lists_every_face_of_every_photograph(run: Run, photos: Path) -> None:
    ran = run("detect", photos, "--json")

    faces = {Path(image["path"]).name: image["faces"] for image in ran.json["images"]}
    assert {name: len(found) for name, found in faces.items()} == {
        "a.jpg": 1,
        "b.jpg": 1,
        "both.jpg": 2,
        "none.jpg": 0,
    }
    face = faces["a.jpg"][0]
    assert face["box"]["x0"] < face["landmarks"][2][0] < face["box"]["x1"]
    assert (ran.code, ran.json["skipped"]) == (exit_codes.OK, [])


def test_detect_prints_a_line_for_each_face(run: Run, photos: Path) -> None:
    ran = run("detect", photos / "both.jpg", photos / "none.jpg")
    lines = ran.out.splitlines()
    assert len(lines) == 4
    assert "no face" in lines[3]


@pytest.mark.parametrize("command", ["detect", "embed"])
def test_a_bad_file_is_skipped_and_named_and_the_others_are_done(
    run: Run, photos: Path, model: Path, text_file: Path, command: str
) -> None:
    more = ("--model", model) if command == "embed" else ()
    absent = text_file.with_name("absent.jpg")

    ran = run(command, text_file, photos / "a.jpg", absent, "--json", *more)

    assert ran.code == exit_codes.OK
    assert [item["reason"] for item in ran.json["skipped"]] == ["IMAGE_UNREADABLE", "FILE_MISSING"]
    assert len(ran.json["images"]) == 1
    assert f"skipped {text_file}: " in ran.err
    assert ran.err.count(str(text_file)) == 1
    assert "1 of 3 files done, 2 skipped" in ran.err


@pytest.mark.parametrize("command", ["detect", "embed"])
def test_nothing_but_bad_files_is_an_input_error(
    run: Run, model: Path, text_file: Path, command: str
) -> None:
    more = ("--model", model) if command == "embed" else ()
    ran = run(command, text_file, *more)
    assert ran.code == exit_codes.INPUT
    assert ran.out == "" or command == "embed"


def test_an_empty_folder_is_an_input_error(run: Run, tmp_path: Path) -> None:
    ran = run("detect", tmp_path)
    assert ran.code == exit_codes.INPUT
    assert "holds no image" in ran.err


def test_embed_writes_unit_rows_with_their_origin(
    run: Run, photos: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "faces.npz"

    ran = run("embed", photos, "--model", model, "--out", out)

    assert ran.code == exit_codes.OK
    with np.load(out) as written:
        assert written["embeddings"].shape == (4, 64)
        np.testing.assert_allclose(np.linalg.norm(written["embeddings"], axis=1), 1, atol=1e-5)
        names = [Path(path).name for path in written["paths"]]
        assert names == ["a.jpg", "b.jpg", "both.jpg", "both.jpg"]
        assert written["boxes"].shape == (4, 4)
        assert written["landmarks"].shape == (4, 5, 2)
        assert str(written["model_id"]).startswith("random-0-")


def test_embed_prints_the_embedding_only_for_machines(run: Run, photos: Path, model: Path) -> None:
    ran = run("embed", photos / "both.jpg", "--model", model, "--faces-max", 1, "--json")
    (face,) = ran.json["images"][0]["faces"]
    assert len(face["embedding"]) == 64


def test_no_face_anywhere_still_writes_a_file(
    run: Run, photos: Path, model: Path, tmp_path: Path
) -> None:
    ran = run("embed", photos / "none.jpg", "--model", model, "--out", tmp_path / "o.npz")
    assert ran.code == exit_codes.OK
    with np.load(tmp_path / "o.npz") as written:
        assert len(written["embeddings"]) == len(written["paths"]) == 0


def test_embed_refuses_another_suffix_before_working(run: Run, photos: Path, model: Path) -> None:
    ran = run("embed", photos, "--model", model, "--out", "faces.csv")
    assert ran.code == exit_codes.INPUT
    assert ".npz" in ran.err


def test_a_missing_model_is_one_sentence(run: Run, photos: Path, tmp_path: Path) -> None:
    ran = run("embed", photos, "--model", tmp_path / "absent")
    assert ran.code == exit_codes.INPUT
    assert ran.err.startswith(f"facenet-res: no model '{tmp_path / 'absent'}'")


def test_yunet_without_its_file_is_an_input_error(run: Run, photos: Path) -> None:
    ran = run("detect", photos, "--detector", "yunet")
    assert ran.code == exit_codes.INPUT
    assert "yunet" in ran.err


def test_a_greater_smallest_face_leaves_small_ones_out(run: Run, photos: Path) -> None:
    found = run("detect", photos, "--json").json
    larger = run("detect", photos, "--json", "--face-px-min", 400).json
    refused = run("detect", photos, "--face-px-min", 5)

    assert any(file["faces"] for file in found["images"])
    assert not any(file["faces"] for file in larger["images"])
    assert refused.code == exit_codes.INPUT
    assert "face_px_min must be in [12, 10000], got 5" in refused.err
