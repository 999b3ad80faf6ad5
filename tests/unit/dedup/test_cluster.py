"""The groups: copies around the one to keep, people over different photos."""

from itertools import pairwise
from pathlib import Path

import pytest

from facenet_res.dedup import pairs
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import DedupReport
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder, face_at
from tests.unit.dedup.pictures import cropped, picture, save, scaled

FACE = (60, 60)


def frame(wall: int, face: int) -> object:
    """A picture with a face of 120 px at (60, 60)."""
    image = picture(wall)
    image[60:180, 60:180] = picture(face, 120, 120)
    return image


@pytest.fixture
def recognizer() -> FaceRecognizer:
    return FaceRecognizer.of(FakeDetector([face_at(*FACE, 120)]), FakeEmbedder())


def run(
    folder: Path, recognizer: FaceRecognizer | None, similarity_min: float = 0.9
) -> DedupReport:
    config = DedupConfig(similarity_min=similarity_min)
    return deduplicate(folder, folder.parent / "out", config, recognizer=recognizer)


def test_copies_are_grouped_with_the_one_to_keep_first(photos: Path) -> None:
    report = run(photos, None)
    group, damaged = report.groups.copies
    assert group.group_id == "copies-1"
    assert [member.path for member in damaged.members] == ["cut <b>.jpg", "cut again.jpg"]
    assert [(member.path, member.kind, member.changes) for member in group.members] == [
        ("0.jpg", "keep", ()),
        ("copies/0_equal.jpg", "byte-equal", ()),
        ("copies/0_half.jpg", "edited", ("resized to 50%",)),
    ]
    counts = report.groups.counts
    assert (counts.files, counts.photos, counts.skipped) == (8, 5, 3)
    assert (counts.byte_equal_copies, counts.near_copies) == (2, 1)
    assert counts.excess_bytes == group.excess_bytes + damaged.excess_bytes
    assert group.excess_bytes == sum(member.bytes for member in group.members[1:])


def test_byte_equal_unreadable_files_are_both_listed(photos: Path) -> None:
    skipped = {file.path: file.reason for file in run(photos, None).groups.skipped}
    assert skipped == {
        "cut <b>.jpg": "IMAGE_UNREADABLE",
        "cut again.jpg": "IMAGE_UNREADABLE",
        "notes.txt": "NOT_A_PHOTO",
    }


def test_a_byte_equal_file_without_near_copies_is_a_group(tmp_path: Path) -> None:
    first = save(tmp_path / "photos" / "a.jpg", picture(0))
    (tmp_path / "photos" / "b.jpg").write_bytes(first.read_bytes())
    (group,) = run(tmp_path / "photos", None).groups.copies
    assert [member.kind for member in group.members] == ["keep", "byte-equal"]


def test_a_person_is_found_in_different_photos_and_copies_inherit(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    # given one face before two walls, another before a third, and a copy of the first
    folder = tmp_path / "photos"
    save(folder / "a.jpg", frame(1, 50))
    save(folder / "b.jpg", frame(2, 50))
    save(folder / "c.jpg", frame(3, 60))
    (folder / "d.jpg").write_bytes((folder / "a.jpg").read_bytes())
    save(folder / "e.jpg", scaled(frame(1, 50), 0.5))
    # when
    groups = run(folder, recognizer).groups
    # then the person has two photos, one of them with two copies
    (person,) = groups.people
    assert [(face.path, face.copies) for face in person.faces] == [
        ("a.jpg", ("d.jpg", "e.jpg")),
        ("b.jpg", ()),
    ]
    assert all(face.similarity > 0.9 for face in person.faces)
    assert groups.counts.faces == 4
    assert groups.counts.faces_compared == 3


def test_small_and_doubtful_faces_are_counted_and_not_compared(tmp_path: Path) -> None:
    for seed in range(2):
        save(tmp_path / "photos" / f"{seed}.jpg", frame(seed, 50))
    small, doubtful = face_at(60, 60, 10), face_at(60, 60, 120, score=0.5)
    recognizer = FaceRecognizer.of(FakeDetector([doubtful, small]), FakeEmbedder())
    groups = run(tmp_path / "photos", recognizer).groups
    assert (groups.counts.faces, groups.counts.faces_compared) == (4, 0)
    assert (groups.people, groups.alike) == ((), ())


def test_twice_the_same_face_in_one_photo_is_an_oddity_and_no_person(tmp_path: Path) -> None:
    image = frame(1, 50)
    image[60:180, 180:300] = image[60:180, 60:180]
    save(tmp_path / "photos" / "a.jpg", image, 100)
    detector = FakeDetector([face_at(60, 60, 120), face_at(180, 60, 120)])
    groups = run(tmp_path / "photos", FaceRecognizer.of(detector, FakeEmbedder())).groups
    (pair,) = groups.alike
    assert (pair.path, pair.first.x0, pair.second.x0) == ("a.jpg", 60, 180)
    assert pair.similarity > 0.9
    assert groups.people == ()


def test_a_copy_that_no_pair_joins_to_the_kept_one_is_compared_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a photo and two copies, where the search only saw the pairs with the middle one
    folder = tmp_path / "photos"
    save(folder / "a.jpg", picture(1))
    save(folder / "b.jpg", scaled(picture(1), 0.7))
    save(folder / "c.jpg", scaled(cropped(picture(1), 0.05), 0.5))
    real = pairs.PixelComparison.compare

    def without_ends(
        self: pairs.PixelComparison, first: int, second: int, turns: tuple[int, ...]
    ) -> CopyPair:
        if isinstance(turns, tuple) and (first, second) == (0, 2):
            return CopyPair("", "", is_copy=False)
        return real(self, first, second, turns)

    monkeypatch.setattr(pairs.PixelComparison, "compare", without_ends)
    # when
    (group,) = run(folder, None).groups.copies
    # then all three are together, and the crop is told against the kept one
    assert [member.path for member in group.members] == ["a.jpg", "b.jpg", "c.jpg"]
    assert any(change.startswith("cropped to ") for change in group.members[2].changes)


def test_a_chain_that_leaves_its_middle_is_cut(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given judgements that join four images in a chain; the pixels confirm no other pair of it
    from facenet_res.dedup import cluster

    def chain(out: Path) -> list[CopyPair]:
        from facenet_res.dedup.scan import first_paths, read_photos

        paths = first_paths(read_photos(out))
        names = [name for name, path in paths.items() if path[0] in "012"]
        names += [name for name, path in paths.items() if path == "copies/0_half.jpg"]
        return [CopyPair(a, b, is_copy=True) for a, b in pairwise(names)]

    monkeypatch.setattr(cluster, "read_pairs", chain)
    groups = run(photos, None).groups.copies
    sizes = [len({member.sha256 for member in group.members}) for group in groups]
    # then three are with the middle one, and what hangs on an end is not
    assert max(sizes) == 3
