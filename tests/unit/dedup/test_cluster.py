"""The groups: copies around the one to keep, people over different photos."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from facenet_res.dedup import pairs
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.decisions import append_decision
from facenet_res.dedup.groups_file import read_groups
from facenet_res.dedup.run import StageRange, deduplicate, run_stages
from facenet_res.dedup.types import DedupReport, Stage
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


def test_small_and_uncertain_faces_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    for seed in range(2):
        save(tmp_path / "photos" / f"{seed}.jpg", frame(seed, 50))
    small, doubtful = face_at(60, 60, 10), face_at(60, 60, 120, score=0.5)
    recognizer = FaceRecognizer.of(FakeDetector([doubtful, small]), FakeEmbedder())
    groups = run(tmp_path / "photos", recognizer).groups
    assert (groups.counts.faces, groups.counts.faces_compared) == (4, 0)
    assert (groups.people, groups.alike) == ((), ())
    reasons = [(face.path, face.number, face.weakness) for face in groups.set_aside]
    assert reasons == [
        (f"{seed}.jpg", number, reason)
        for seed in range(2)
        for number, reason in ((0, "uncertain"), (1, "small"))
    ]


def test_more_faces_than_are_taken_are_told(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.jpg", frame(1, 50))
    recognizer = FaceRecognizer.of(FakeDetector([face_at(60, 60, 120)] * 3), FakeEmbedder())
    config = DedupConfig(faces_a_photo_max=2)
    folder = tmp_path / "photos"
    counts = deduplicate(folder, tmp_path / "out", config, recognizer=recognizer).groups.counts
    assert (counts.faces, counts.images_cut) == (2, 1)


def test_decisions_are_followed_by_the_next_run(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    # given one person on two images, another on a third, and a copy of the first at half size
    folder, out = tmp_path / "photos", tmp_path / "out"
    save(folder / "a.jpg", frame(1, 50))
    save(folder / "b.jpg", frame(2, 50))
    save(folder / "c.jpg", frame(3, 60))
    save(folder / "e.jpg", scaled(frame(1, 50), 0.5))
    before = run(folder, recognizer).groups
    first, second = before.people[0].faces
    copies = before.copies[0].members
    # when people decide otherwise
    faces = [
        {"sha256": f.sha256, "box": [f.box.x0, f.box.y0, f.box.x1, f.box.y1]}
        for f in (first, second)
    ]
    append_decision(out, {"kind": "not_same_person", "first": faces[0], "others": [faces[1]]})
    pair = {"first": copies[0].sha256, "second": copies[1].sha256}
    append_decision(out, {"kind": "not_a_copy"} | pair)
    append_decision(out, {"kind": "name", "face": faces[0], "name": "Ada"})
    after = run(folder, recognizer).groups
    # then the next run keeps them apart
    assert after.copies == ()
    assert not any(
        len(group.faces) > 1
        and "b.jpg" in {f.path for f in group.faces}
        and "a.jpg" in {f.path for f in group.faces}
        for group in after.people
    )
    # and what is undone holds no longer, the name does
    append_decision(out, {"kind": "undo", "number": 0})
    append_decision(out, {"kind": "undo", "number": 1})
    again = run(folder, recognizer).groups
    assert [group.name for group in again.people] == ["Ada"]
    assert len(again.copies) == 1


def test_the_image_chosen_by_hand_is_kept(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.jpg", picture(1))
    save(tmp_path / "photos" / "b.jpg", scaled(picture(1), 0.5))
    (group,) = run(tmp_path / "photos", None).groups.copies
    append_decision(tmp_path / "out", {"kind": "keep", "sha256": group.members[1].sha256})
    (group,) = run(tmp_path / "photos", None).groups.copies
    assert [member.path for member in group.members] == ["b.jpg", "a.jpg"]
    assert group.members[1].kept_because == "chosen by hand"


def test_a_collage_contains_its_images_and_is_no_copy(tmp_path: Path) -> None:
    images = [picture(seed, 300, 300) for seed in range(4)]
    rows = [np.concatenate(images[:2], axis=1), np.concatenate(images[2:], axis=1)]
    save(tmp_path / "photos" / "collage.jpg", np.concatenate(rows))
    for seed in range(2):
        save(tmp_path / "photos" / f"{seed}.jpg", images[seed])
    groups = run(tmp_path / "photos", None).groups
    assert groups.copies == ()
    found = {(each.path, each.part_path): each.box for each in groups.containers}
    assert set(found) == {("collage.jpg", "0.jpg"), ("collage.jpg", "1.jpg")}
    assert found["collage.jpg", "1.jpg"] == pytest.approx((0.5, 0, 1, 0.5), abs=0.02)


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


def test_a_file_that_changes_after_the_scan_is_in_no_group(photos: Path) -> None:
    # given a run that a copy is changed under, and another removed
    out = photos.parent / "out"
    run_stages(photos, out, stages=StageRange(Stage.SCAN, Stage.PAIRS))
    save(photos / "copies" / "0_half.jpg", picture(7))
    (photos / "2.jpg").unlink()
    run_stages(photos, out, stages=StageRange(Stage.CLUSTER, Stage.CLUSTER))
    # then they are named, and in no group
    groups = read_groups(out)
    skipped = {file.path: file.reason for file in groups.skipped}
    assert skipped["copies/0_half.jpg"] == "FILE_CHANGED"
    assert skipped["2.jpg"] == "FILE_MISSING"
    members = [[member.path for member in group.members] for group in groups.copies]
    assert ["0.jpg", "copies/0_equal.jpg"] in members


def test_two_folders_of_one_person_are_identity_duplicates(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    for person, wall, face in (("ann", 1, 50), ("ann b", 2, 50), ("bob", 3, 60), ("bob", 4, 60)):
        save(tmp_path / "photos" / person / f"{wall}.jpg", frame(wall, face))
    config = DedupConfig(similarity_min=0.9, identities=True)
    folders = tmp_path / "photos", tmp_path / "out"
    groups = deduplicate(*folders, config, recognizer=recognizer).groups
    (pair,) = groups.identities
    assert (pair.first, pair.second) == ("ann", "ann b")
    assert (pair.first_face.path, pair.second_face.path) == ("ann/1.jpg", "ann b/2.jpg")
    assert read_groups(tmp_path / "out") == groups
