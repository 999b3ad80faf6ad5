"""The weights that come with the package are as good as their card says."""

import json
from pathlib import Path

import pytest

from facenet_res.cli.__main__ import main

# Below what the card states, by about three standard errors: worse weights do not pass unnoticed.
LFW_ACCURACY_MIN = 0.945
LFW_WITHOUT_FACE_MAX = 0.005
RANK_1_MIN = 0.88


def test_people_enrolled_with_three_photographs_are_known_again(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = str(shared_data / "photos.zip")

    status = main(
        ["evaluate", "photos", "--images", photos, "--people", "8", "--unknown", "4", "--json"]
    )

    report = json.loads(capsys.readouterr().out)
    assert status == 0
    assert report["known"] >= 40
    assert report["rank_1"] >= RANK_1_MIN
    assert report["false_accepts"] <= 8


@pytest.mark.slow
def test_lfw_is_judged_as_well_as_the_card_says(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, pairs = (str(shared_data / name) for name in ("lfw.zip", "lfw_pairs.txt"))

    status = main(["evaluate", "lfw", "--images", images, "--pairs", pairs, "--json"])

    report = json.loads(capsys.readouterr().out)
    assert status == 0
    assert report["accuracy"]["mean"] >= LFW_ACCURACY_MIN
    assert len(report["without_face"]) <= LFW_WITHOUT_FACE_MAX * report["photographs"]
