"""`evaluate pairs|bin|scores|identify|ijb|groups`: from files to figures, pages and statuses."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core import exit_codes
from facenet_res.imaging.encode import encode_jpeg
from tests.ijb_files import write_ijb
from tests.unit.cli.conftest import Run

PEOPLE, EACH = 12, 4


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 people with 4 aligned faces each: a pattern for each person, and noise."""
    folder = tmp_path_factory.mktemp("aligned") / "crops"
    random = np.random.default_rng(0)
    for person in range(PEOPLE):
        (folder / f"p{person:02d}").mkdir(parents=True)
        coarse = random.integers(0, 256, (7, 7, 3))
        for number in range(EACH):
            noisy = np.clip(coarse + random.integers(-60, 61, coarse.shape), 0, 255)
            face = np.kron(noisy, np.ones((16, 16, 1))).astype(np.uint8)
            (folder / f"p{person:02d}" / f"{number}.jpg").write_bytes(encode_jpeg(face))
    return folder


def table(path: Path, header: str, lines: list[str]) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def pairs_table(folder: Path) -> Path:
    names = [f"p{person:02d}" for person in range(PEOPLE)]
    genuine = [f"{name}/0.jpg,{name}/{n}.jpg,1,{name},{name}" for name in names for n in (1, 2)]
    impostor = [
        f"{a}/0.jpg,{b}/1.jpg,0,{a},{b}" for a in names for b in names if a < b
    ]  # fmt: skip
    header = "first,second,same,first_person,second_person"
    return table(folder / "pairs.csv", header, genuine + impostor)


def test_pairs_of_a_table_are_judged(run: Run, model: Path, crops: Path, tmp_path: Path) -> None:
    ran = run(
        "evaluate", "pairs", "--images", crops, "--pairs", pairs_table(tmp_path), "--aligned",
        "--model", model, "--json", "--out", tmp_path / "out",
    )  # fmt: skip
    assert ran.code == exit_codes.OK
    assert (ran.json["genuine_pairs"], ran.json["impostor_pairs"]) == (24, 66)
    assert (ran.json["drawn"], ran.json["drawn_count"]) == ("person", PEOPLE)
    assert len(ran.json["accuracy"]["folds"]) == 10
    assert [one["needed"] for one in ran.json["refused"]][:2] == [300, 3000]
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == ran.json
    assert "report.html" in ran.err


def test_a_verification_set_is_judged_like_its_pairs(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    lines = pairs_table(tmp_path).read_text().splitlines()[1:]
    images = [(crops / name).read_bytes() for line in lines for name in line.split(",")[:2]]
    answers = [line.split(",")[2] == "1" for line in lines]
    (tmp_path / "set.bin").write_bytes(pickle.dumps((images, answers)))

    ran = run("evaluate", "bin", tmp_path / "set.bin", "--model", model, "--json")
    pairs = run(
        "evaluate", "pairs", "--images", crops, "--pairs", tmp_path / "pairs.csv", "--aligned",
        "--model", model, "--json",
    )  # fmt: skip

    assert ran.json["equal_error_rate"] == pairs.json["equal_error_rate"]
    assert ran.json["histogram"] == pairs.json["histogram"]
    assert ran.json["drawn"] == "pair"


def test_a_set_that_is_a_program_is_refused(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "set.bin").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    ran = run("evaluate", "bin", tmp_path / "set.bin", "--model", model)
    assert ran.code == exit_codes.INPUT
    assert "nothing of it was run" in ran.err


def test_a_face_of_a_set_that_is_not_aligned_is_named(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    good = (crops / "p00" / "0.jpg").read_bytes()
    small = encode_jpeg(np.zeros((96, 96, 3), np.uint8))
    for bad, message in ((small, "image 3 is 96x96 px"), (b"no", "image 3:")):
        path = tmp_path / "set.bin"
        path.write_bytes(pickle.dumps(([good, good, good, bad], [True, False])))
        ran = run("evaluate", "bin", path, "--model", model)
        assert ran.code == exit_codes.INPUT
        assert message in ran.err


def test_scores_need_no_model(run: Run, tmp_path: Path) -> None:
    lines = [f"{0.9 - 0.01 * n},1,{n % 2}" for n in range(20)]
    lines += [f"{0.5 - 0.01 * n},0,{n % 2}" for n in range(40)]
    ran = run(
        "evaluate", "scores", "--scores", table(tmp_path / "s.csv", "similarity,same,fold", lines)
    )
    assert ran.code == exit_codes.OK
    assert "accuracy, 2 folds" in ran.out
    assert "model" not in ran.out


def test_people_are_searched(run: Run, model: Path, crops: Path, tmp_path: Path) -> None:
    ran = run(
        "evaluate", "identify", "--images", crops, "--aligned", "--model", model, "--people", 4,
        "--unknown", 8, "--each", 1, "--out", tmp_path / "out",
    )  # fmt: skip
    assert ran.code == exit_codes.OK
    assert "rank-1" in ran.out
    assert "TPIR at FPIR 1e-01" in ran.out
    assert "refused: needs 300 queries of non-enrolled people, there are 32" in ran.out
    assert (tmp_path / "out" / "report.html").read_text().count("<svg") == 3


def test_an_ijb_set_is_judged_by_both_protocols(run: Run, model: Path, tmp_path: Path) -> None:
    folder = write_ijb(tmp_path / "IJBC").folder
    ran = run("evaluate", "ijb", folder, "--model", model, "--json", "--out", tmp_path / "out")
    assert list(ran.json) == ["1:1", "1:N G1", "1:N G2"]
    assert ran.json["1:1"]["impostor_pairs"] == 112
    assert "mean of 2 galleries: rank-1" in (tmp_path / "out" / "report.md").read_text()
    only = run("evaluate", "ijb", folder, "--model", model, "--json", "--protocol", "11")
    assert only.json == {"1:1": ran.json["1:1"]}
    nowhere = run("evaluate", "ijb", tmp_path, "--model", model)
    assert nowhere.code == exit_codes.INPUT
    assert "is no IJB set" in nowhere.err


def test_groups_are_compared_at_one_threshold(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    lines = [f"p{person:02d},{'f' if person < 6 else 'm'}" for person in range(PEOPLE - 1)]
    path = table(tmp_path / "groups.csv", "identity,sex", lines)
    command = ("evaluate", "groups", "--images", crops, "--aligned", "--attributes", path)
    command = (*command, "--model", model)

    ran = run(*command, "--fmr", 0.05, "--json", "--out", tmp_path / "out")
    given = run(*command, "--threshold", ran.json["threshold"], "--json")
    wrong = run(*command, "--threshold", 2)

    (attribute,) = ran.json["attributes"]
    women = attribute["groups"][0]["false_accepts"]
    men = attribute["groups"][1]
    assert women["pairs"] == 24 * 23 // 2 - 6 * 6 < 300
    assert women["rate"] is None
    assert men["false_rejects"]["pairs"] == 5 * 6
    assert given.json["attributes"] == ran.json["attributes"]
    assert given.json["fmr"] == 0
    assert "4 images are not in the table" in ran.err
    assert wrong.code == exit_codes.INPUT
    assert "Errors per group" in (tmp_path / "out" / "report.html").read_text()


def test_pairs_that_name_an_absent_photograph_are_refused(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    path = table(tmp_path / "p.csv", "first,second,same", ["p00/0.jpg,p77/0.jpg,0"])
    ran = run("evaluate", "pairs", "--images", crops, "--pairs", path, "--model", model)
    assert ran.code == exit_codes.INPUT
    assert "1 of 2 images of the pairs are missing: p77/0.jpg" in ran.err
