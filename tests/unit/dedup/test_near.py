"""Of a group of near copies the one is kept that lies as most of them do."""

import os
from pathlib import Path

import pytest

from facenet_res.core.types import Image
from facenet_res.dedup import near
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import CopyGroup, CopyPair
from tests.image_files import jpeg_with_exif
from tests.unit.dedup.pictures import picture, save, scaled
from tests.unit.dedup.test_camera import block


def dated(path: Path, image: Image, quality: int, time_s: int = 1000) -> Path:
    os.utime(save(path, image, quality), (time_s, time_s))
    return path


def group(folder: Path) -> CopyGroup:
    (found,) = deduplicate(folder, folder.parent / "out").groups.copies
    return found


def test_the_original_is_kept_and_not_its_mirrored_copy_of_more_bytes(tmp_path: Path) -> None:
    # given an original, a small and a worse copy, and one mirrored that is the oldest and largest
    folder = tmp_path / "photos"
    original = dated(folder / "b.jpg", picture(1), 85)
    dated(folder / "c.jpg", scaled(picture(1), 0.5), 80, 2000)
    dated(folder / "d.jpg", picture(1), 60, 2000)
    mirrored = dated(folder / "a.jpg", picture(1)[:, ::-1], 99, 500)
    assert mirrored.stat().st_size > original.stat().st_size
    # when
    members = group(folder).members
    # then what was done to each is told against the original
    assert [(member.path, member.kind, member.changes) for member in members] == [
        ("b.jpg", "keep", ()),
        ("a.jpg", "near", ("mirrored",)),
        ("c.jpg", "near", ("resized to 50% of the width",)),
        ("d.jpg", "near", ("encoded anew",)),
    ]


def test_of_two_the_older_is_kept_though_it_has_fewer_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", picture(1)[:, ::-1], 99, 2000)
    dated(folder / "b.jpg", picture(1), 85, 1000)
    assert [member.path for member in group(folder).members] == ["b.jpg", "a.jpg"]


def test_of_two_the_one_that_names_its_camera_is_kept_though_it_is_newer(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", picture(1)[:, ::-1], 99, 1000)
    original = save(folder / "b.jpg", picture(1), 85)
    original.write_bytes(jpeg_with_exif(original.read_bytes(), block(0x010F, "<")))
    assert [member.path for member in group(folder).members] == ["b.jpg", "a.jpg"]


def test_a_smaller_one_is_never_kept_however_many_lie_like_it(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", picture(1)[:, ::-1], 90)
    for number, share in enumerate((0.8, 0.6, 0.5)):
        dated(folder / f"b{number}.jpg", scaled(picture(1), share), 90)
    assert group(folder).members[0].path == "a.jpg"


def test_where_the_pixels_do_not_confirm_another_the_centre_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given copies of which only the pairs with the centre were found
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", picture(1)[:, ::-1], 99, 500)
    for number, quality in enumerate((85, 70)):
        dated(folder / f"b{number}.jpg", picture(1), quality)

    class Nothing:
        def compare(self, *_: object) -> None:
            return None

    real = near.NearCopies.__init__

    def only_pairs_of_the_centre(self: near.NearCopies, *arguments: object) -> None:
        folder, pictures, pairs, _ = arguments
        centre = min(pictures.values(), key=lambda found: found.path).sha256
        kept: list[CopyPair] = [pair for pair in pairs if centre in {pair.first, pair.second}]
        real(self, folder, pictures, kept, Nothing())

    monkeypatch.setattr(near.NearCopies, "__init__", only_pairs_of_the_centre)
    # then
    assert [member.path for member in group(folder).members] == ["a.jpg", "b0.jpg", "b1.jpg"]
