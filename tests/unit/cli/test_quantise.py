"""`quantise`: what is refused, and that the loss is printed before anything is written."""

import re
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.export import quantise
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import smooth_faces, write_random_artifact
from tests.unit.cli.conftest import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # NNCF's own, and PyTorch's
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "crops" / "someone"
    folder.mkdir(parents=True)
    for number, face in enumerate(smooth_faces(70, seed=4)):
        (folder / f"{number}.jpg").write_bytes(encode_jpeg(face))
    return folder.parent


def test_without_calibration_faces_it_is_refused(run: Run, tmp_path: Path) -> None:
    ran = run("develop", "quantise", tmp_path / "model", "--out", tmp_path / "out", "--json")
    assert ran.code == exit_codes.INPUT
    assert ran.json["error"]["reason"] == "CONFIG_INVALID"
    assert "--calibration CROPS" in ran.err


def test_images_without_pairs_are_refused(run: Run, tmp_path: Path, crops: Path) -> None:
    ran = run(
        "develop", "quantise", "m", "--out", "o", "--calibration", crops, "--images", tmp_path
    )
    assert ran.code == exit_codes.INPUT
    assert "go together" in ran.err


def test_pairs_that_cannot_be_read_or_found_are_told_before_the_work(
    run: Run, tmp_path: Path, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "quantised", None)  # Whoever calls it fails.
    model = write_random_artifact(tmp_path / "model", width=0.25).folder
    pairs = tmp_path / "pairs.txt"
    command = ("develop", "quantise", model, "--out", tmp_path / "out", "--calibration", crops)
    for text, images, message in (
        (None, crops, "no pairs file"),
        ("nonsense", crops, "pairs.txt"),
        ("1\nnobody 1 2\nnobody 1 other 1\n", crops, "images of the pairs are missing"),
        ("1\nnobody 1 2\nnobody 1 other 1\n", tmp_path / "absent", "no folder or zip file"),
    ):
        if text is not None:
            pairs.write_text(text)
        ran = run(*command, "--images", images, "--pairs", pairs)
        assert ran.code == exit_codes.INPUT
        assert message in ran.err
        assert ran.out == ""


def test_a_place_that_cannot_be_had_is_told_before_the_work(
    run: Run, tmp_path: Path, crops: Path
) -> None:
    model = write_random_artifact(tmp_path / "model", width=0.25).folder
    for out, message in ((model, "exists already"), (tmp_path / "no" / "out", "does not exist")):
        ran = run("develop", "quantise", model, "--out", out, "--calibration", crops)
        assert ran.code == exit_codes.INPUT
        assert message in ran.err
        assert ran.out == ""


def test_the_loss_is_printed_and_beyond_the_limit_nothing_is_written(
    run: Run, tmp_path: Path, crops: Path
) -> None:
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    model = write_random_artifact(tmp_path / "model", width=0.25).folder
    command = ("develop", "quantise", model, "--out", tmp_path / "out", "--calibration", crops)

    refused = run(*command, "--similarity-min", 0.9999999)

    assert refused.code == exit_codes.INPUT
    assert "similarity mean" in refused.out
    assert "int8 is not accepted" in refused.err
    assert not (tmp_path / "out").exists()

    accepted = run(*command, "--json")

    assert accepted.code == exit_codes.OK, accepted.err
    assert accepted.json["similarity_mean"] > 0.98
    assert (tmp_path / "out" / "model_int8.bin").is_file()


def test_a_handful_of_faces_is_not_enough(run: Run, tmp_path: Path, crops: Path) -> None:
    for file in sorted(crops.rglob("*.jpg"))[10:]:
        file.unlink()
    model = write_random_artifact(tmp_path / "model", width=0.25).folder
    ran = run("develop", "quantise", model, "--out", tmp_path / "out", "--calibration", crops)
    assert ran.code == exit_codes.INPUT
    assert "holds 10 faces, int8 needs at least 64" in ran.err


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["someone/1.jpg", "nobody/9.jpg"], "1 crops of .* such as 'nobody/9.jpg'"),
        ([f"someone/{number}.jpg" for number in range(70)], "none is left to compare by"),
        (["someone/3.jpg"], "at least 32 calibration faces, got 1"),
    ],
)
def test_named_crops_that_cannot_be_calibrated_on(
    run: Run, tmp_path: Path, crops: Path, names: list[str], message: str
) -> None:
    listed = tmp_path / "calibration.txt"
    listed.write_text("\n".join(names))
    model = write_random_artifact(tmp_path / "model", width=0.25).folder

    ran = run(
        "develop",
        "quantise",
        model,
        "--out",
        tmp_path / "out",
        "--calibration",
        crops,
        "--only",
        listed,
    )

    assert ran.code == exit_codes.INPUT
    assert re.search(message, ran.err), ran.err
