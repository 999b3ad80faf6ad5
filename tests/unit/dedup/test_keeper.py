"""Which copy is kept: the source, however its copies were made."""

import os
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import CopyGroup, CopyKind
from tests.benchmarks.planted import captioned, cut, encoded, on_screen, planted, resized
from tests.image_files import jpeg_with_exif
from tests.unit.dedup.pictures import picture, save, scaled
from tests.unit.dedup.test_camera import block

# A camera's grain: detail that an enlarged copy cannot have.
GRAIN = np.random.default_rng(0).normal(0, 9, (480, 400, 1))
IMAGE = np.clip(picture(2, 480, 400) * 0.7 + 38 + GRAIN, 0, 255).astype(np.uint8)


def dated(path: Path, image: Image, quality: int = 90, time_s: int = 1000) -> Path:
    os.utime(save(path, image, quality), (time_s, time_s))
    return path


def group(folder: Path) -> CopyGroup:
    (found,) = deduplicate(folder, folder.parent / "out").groups.copies
    return found


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("double size", "more real detail"),
        ("half size", "more real detail"),
        ("blurred", "more real detail"),
        ("caption", "nothing laid over it"),
        ("logo", "nothing laid over it"),
        ("white border", "not framed"),
        ("black bars", "not framed"),
        ("screenshot", "not framed"),
        ("rotated by 17", "not framed"),
        ("cropped by 5 %", "shows more"),
        ("brighter 1.5", "less clipped"),
        ("grey", "more colour"),
        ("sepia", "more colour"),
        ("quality 60", "better quality"),
    ],
)
def test_the_source_is_kept_and_the_reason_told(tmp_path: Path, kind: str, reason: str) -> None:
    folder = tmp_path / "photos"
    dated(folder / "z.jpg", IMAGE, 95)
    data, suffix = planted(IMAGE, kind)
    copy = folder / f"a{suffix}"
    copy.write_bytes(data)
    os.utime(copy, (500, 500))
    kept, other = group(folder).members
    assert kept.path == "z.jpg"
    assert other.kept_because == reason


def test_the_original_is_kept_and_not_its_mirrored_copy_of_more_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "b.jpg", IMAGE, 85)
    dated(folder / "c.jpg", scaled(IMAGE, 0.5), 80, 2000)
    dated(folder / "d.jpg", IMAGE, 60, 2000)
    dated(folder / "a.jpg", IMAGE[:, ::-1], 99, 500)
    members = group(folder).members
    assert [(member.path, member.kind, member.changes) for member in members] == [
        ("b.jpg", CopyKind.KEEP, ()),
        ("a.jpg", CopyKind.EDITED, ("mirrored",)),
        ("c.jpg", CopyKind.EDITED, ("resized to 50%",)),
        ("d.jpg", CopyKind.REENCODED, ()),
    ]


def test_the_one_that_names_its_camera_is_kept_though_it_is_newer(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", IMAGE, 99, 1000)
    original = save(folder / "b.jpg", IMAGE, 85)
    original.write_bytes(jpeg_with_exif(original.read_bytes(), block(0x010F, "<")))
    assert [member.path for member in group(folder).members] == ["b.jpg", "a.jpg"]


def test_a_png_of_a_jpeg_is_the_same_pixels_and_no_better(tmp_path: Path) -> None:
    from facenet_res.imaging.decode import read_image

    folder = tmp_path / "photos"
    source = dated(folder / "b.jpg", IMAGE, 85)
    (folder / "c.png").write_bytes(encoded(read_image(source), ".png"))
    kept, other = group(folder).members
    assert (kept.path, other.kind) == ("b.jpg", CopyKind.SAME_PIXELS)


def test_a_visible_file_is_kept_before_a_hidden_one(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / ".trashed-a.jpg", IMAGE, 90, 10)
    dated(folder / "b.jpg", IMAGE, 88, 1000)
    (folder / "z.jpg").write_bytes((folder / ".trashed-a.jpg").read_bytes())
    (folder / ".trashed-a.jpg").unlink()
    (folder / ".trashed-a.jpg").write_bytes((folder / "z.jpg").read_bytes())
    assert not group(folder).members[0].path.startswith(".")


def test_every_copy_of_one_image_is_in_one_group_around_it(tmp_path: Path) -> None:
    # given copies that are hardly copies of each other: framed, captioned, cropped, mirrored
    folder = tmp_path / "photos"
    dated(folder / "m.jpg", IMAGE, 95)
    changed = [
        on_screen(IMAGE),
        captioned(IMAGE),
        cut(IMAGE, 0.2, 0.2, 1, 1),
        resized(IMAGE[:, ::-1], 0.5),
    ]
    for number, image in enumerate(changed):
        dated(folder / f"{number}.jpg", np.ascontiguousarray(image), 85)
    members = group(folder).members
    assert members[0].path == "m.jpg"
    assert len(members) == 5


def test_a_hard_link_is_no_gain(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    dated(folder / "a.jpg", IMAGE)
    (folder / "b.jpg").hardlink_to(folder / "a.jpg")
    (folder / "c.jpg").write_bytes((folder / "a.jpg").read_bytes())
    found = group(folder)
    assert found.excess_bytes == (folder / "c.jpg").stat().st_size
    assert [bool(member.changes) for member in found.members] == [False, True, False]
