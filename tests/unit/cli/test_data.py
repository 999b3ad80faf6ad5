"""`data inspect`: the same counts from every format, damage by name, one sentence."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.training_sets import (
    Made,
    made_crops,
    write_folder,
    write_insightface,
    write_tars,
    write_tfrecords,
    write_zip,
)
from tests.unit.cli.conftest import Run

CROPS = made_crops({"0": 3, "2": 2, "7": 1})


@pytest.mark.parametrize(
    ("write", "name", "kind", "gaps"),
    [
        (write_folder, "set", "folder per identity", 0),
        (write_zip, "set.zip", "zip file", 0),
        (write_tars, "set", "WebDataset tar shards", 5),
        (write_tfrecords, "set", "TFRecord files", 5),
        (write_insightface, "set", "InsightFace RecordIO", 5),
    ],
)
def test_every_format_is_counted_alike(
    run: Run,
    tmp_path: Path,
    write: Callable[[Path, Sequence[Made]], Path],
    name: str,
    kind: str,
    gaps: int,
) -> None:
    path = write(tmp_path / name, CROPS)

    ran = run("develop", "data", "inspect", path, "--check", "--json")

    assert ran.code == 0
    found = ran.json
    assert len(found.pop("sha256")) == 64
    assert found == {
        "kind": kind,
        "images": 6,
        "identities": 3,
        "unlabelled": 0,
        "suspicious": 0,
        "per_identity_min": 1,
        "per_identity_median": 2.0,
        "per_identity_max": 3,
        "single": 1,
        "label_gaps": gaps,
        "remarks": [],
        "is_checked": True,
        "unreadable": [],
    }


def test_a_pattern_is_a_set(run: Run, tmp_path: Path) -> None:
    write_tars(tmp_path, CROPS, shards=3)

    ran = run("develop", "data", "inspect", tmp_path / "shard-{000..001}.tar")

    assert ran.code == 0
    assert "images                        4" in ran.out
    assert "--check decodes all" in ran.out


def test_damage_is_named_on_stderr_and_in_json(run: Run, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", made_crops({"0": 30}))
    for number in range(25):
        (folder / "0" / f"{number:04d}.jpg").write_bytes(b"damaged")

    ran = run("develop", "data", "inspect", folder, "--check")
    as_json = run("develop", "data", "inspect", folder, "--check", "--json")

    assert ran.code == 0
    assert "unreadable                    25" in ran.out
    assert "unreadable: 0/0000.jpg: crop 0/0000.jpg is unreadable" in ran.err
    assert "and 5 more" in ran.err
    assert [each["name"] for each in as_json.json["unreadable"]] == [
        f"0/{number:04d}.jpg" for number in range(25)
    ]


def test_remarks_are_told(run: Run, tmp_path: Path) -> None:
    folder = write_insightface(tmp_path, CROPS)
    (folder / "train.idx").unlink()

    ran = run("develop", "data", "inspect", folder)

    assert "train.idx is not there" in ran.err


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "FILE_MISSING"), (b"", "DATA_INVALID"), (b"GIF89a", "DATA_INVALID")],
)
def test_what_is_no_set_is_one_sentence(
    run: Run, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "set").write_bytes(content)

    ran = run("develop", "data", "inspect", tmp_path / "set", "--json")

    assert ran.code == 2
    assert ran.json["error"]["reason"] == reason
    assert len(ran.err.splitlines()) == 1
