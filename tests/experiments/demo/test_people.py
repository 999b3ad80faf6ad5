"""Who takes part: portraits and their variations, or folders of the reader's images."""

from pathlib import Path

import numpy as np
import pytest

from experiments.demo.people import PEOPLE_MAX, folders, portraits
from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg


def people(folder: Path, counts: dict[str, int]) -> Path:
    for person, count in counts.items():
        (folder / person).mkdir(parents=True)
        for number in range(count):
            image = np.full((20, 20, 3), number, np.uint8)
            (folder / person / f"{number}.jpg").write_bytes(encode_jpeg(image))
    return folder


def test_the_portraits_are_two_people_and_say_that_they_are_varied() -> None:
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    pytest.importorskip("matplotlib", reason="needs the extra `demo`")

    cast = portraits()

    assert [person.person_id for person in cast.known] == ["eileen-collins"]
    assert cast.other.person_id == "grace-hopper"
    assert "variations" in cast.remark
    shown = [names for _, names in cast.album]
    assert shown[2] == ("Eileen Collins", "Grace Hopper")
    assert shown[3:] == [()] * 3
    for person in (*cast.known, cast.other):
        pictures = [picture.data for picture in (*person.enrolled, person.probe)]
        assert len(set(pictures)) == 4
        assert all(decode_image(data).size for data in pictures)


def test_the_last_person_is_enrolled_last_and_the_last_image_is_the_probe(
    tmp_path: Path,
) -> None:
    cast = folders(people(tmp_path, {"ann": 3, "bob": 2, "cid": 1, "dan": 9}))

    assert [person.person_id for person in cast.known] == ["ann", "bob"]
    assert cast.other.person_id == "dan"
    assert [picture.label for picture in cast.known[0].enrolled] == ["ann/0.jpg", "ann/1.jpg"]
    assert cast.known[0].probe.label == "ann/2.jpg"
    assert len(cast.other.enrolled) == 4


def test_only_so_many_people_take_part_and_the_rest_is_mentioned(tmp_path: Path) -> None:
    cast = folders(people(tmp_path, {f"p{index:02d}": 2 for index in range(PEOPLE_MAX + 3)}))
    assert len(cast.known) == PEOPLE_MAX - 1
    assert cast.other.person_id == f"p{PEOPLE_MAX + 2}"
    assert "3 more people are left out" in cast.remark


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        folders(tmp_path / "absent")
    with pytest.raises(DataInvalid, match="got 1"):
        folders(people(tmp_path, {"ann": 3, "bob": 1}))
