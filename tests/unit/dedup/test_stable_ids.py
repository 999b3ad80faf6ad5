"""Ids of groups stay while the folder grows."""

from pathlib import Path

from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.stable_ids import stable_ids
from tests.unit.dedup.pictures import picture, save

BEFORE = {"person-1": "abc", "person-2": "de", "person-3": "fg"}


def test_the_first_run_counts_from_one() -> None:
    assert stable_ids("person", {}, ["ab", "c"]) == ["person-1", "person-2"]


def test_groups_keep_their_ids_in_any_order_and_new_ones_get_new_numbers() -> None:
    assert stable_ids("person", BEFORE, ["xy", "fgh", "abcz", "de"]) == [
        "person-4",
        "person-3",
        "person-1",
        "person-2",
    ]


def test_the_largest_part_of_a_split_and_the_largest_of_a_merge_keep_the_id() -> None:
    assert stable_ids("person", BEFORE, ["c", "ab"]) == ["person-4", "person-1"]
    assert stable_ids("person", BEFORE, ["abcde"]) == ["person-1"]


def test_a_group_that_is_gone_leaves_its_number_unused() -> None:
    assert stable_ids("person", BEFORE, ["ab", "xy"]) == ["person-1", "person-4"]


def test_a_grown_folder_leaves_the_ids_of_its_groups(tmp_path: Path) -> None:
    # given one group of copies
    folder = tmp_path / "photos"
    small = save(folder / "m1.jpg", picture(1, 60, 60))
    (folder / "m2.jpg").write_bytes(small.read_bytes())
    assert [g.group_id for g in deduplicate(folder, tmp_path / "out").groups.copies] == ["copies-1"]
    # when a group that takes more space, and so comes first, joins it
    large = save(folder / "a1.jpg", picture(2))
    (folder / "a2.jpg").write_bytes(large.read_bytes())
    groups = deduplicate(folder, tmp_path / "out").groups.copies
    # then
    assert [(g.group_id, g.members[0].path) for g in groups] == [
        ("copies-2", "a1.jpg"),
        ("copies-1", "m1.jpg"),
    ]
