"""Apply: only what was compared is touched, nothing is lost, all of it can be taken back."""

import subprocess
from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid, FileMissing
from facenet_res.core.files import file_sha256
from facenet_res.dedup.apply import Action, Outcome, apply_plan, script, undo
from facenet_res.dedup.decisions import Decisions, append_decision, read_decisions
from facenet_res.dedup.removal_plan import SAFE_KINDS, Removal, removals
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import CopyKind, Groups
from tests.unit.dedup.pictures import picture, save, scaled


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    """Of one image a byte-equal file, a re-encoded one and one of half size."""
    folder = tmp_path / "photos"
    save(folder / "a.jpg", picture(1))
    (folder / "sub dir").mkdir()
    (folder / "sub dir" / "it's equal.jpg").write_bytes((folder / "a.jpg").read_bytes())
    save(folder / "half.jpg", scaled(picture(1), 0.5))
    save(folder / "again.jpg", picture(1), 60)
    return deduplicate(folder, tmp_path / "out").groups


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): file_sha256(path) for path in files}


def plan(groups: Groups, decisions: Decisions | None = None) -> list[Removal]:
    return removals(groups, decisions or Decisions(), SAFE_KINDS)


def moved(tmp_path: Path, steps: list[Removal]) -> list[Outcome]:
    folders = tmp_path / "photos", tmp_path / "out"
    return list(apply_plan(*folders, steps, Action.MOVE, tmp_path / "moved"))


def test_only_safe_classes_go_without_a_look(groups: Groups) -> None:
    assert [(each.path, each.why) for each in plan(groups)] == [
        ("again.jpg", "re-encoded"),
        ("sub dir/it's equal.jpg", "byte-equal"),
    ]
    with pytest.raises(ArgumentInvalid):
        removals(groups, Decisions(), {CopyKind.KEEP})


def test_decisions_add_to_the_plan_and_take_from_it(groups: Groups, tmp_path: Path) -> None:
    names = {member.path: member.sha256 for member in groups.copies[0].members}
    kept = names["a.jpg"]
    out = tmp_path / "out"
    append_decision(out, {"kind": "copy", "first": kept, "second": names["half.jpg"]})
    append_decision(out, {"kind": "not_a_copy", "first": kept, "second": names["again.jpg"]})
    assert [(each.path, each.why) for each in plan(groups, read_decisions(out))] == [
        ("half.jpg", "confirmed, edited"),
        ("sub dir/it's equal.jpg", "byte-equal"),
    ]
    # whoever is chosen by hand stays, and what was only safe beside the other one stays too
    append_decision(out, {"kind": "keep", "sha256": names["half.jpg"]})
    assert [(each.path, each.kept_path) for each in plan(groups, read_decisions(out))] == [
        ("a.jpg", "half.jpg"),
        ("sub dir/it's equal.jpg", "half.jpg"),
    ]


def test_moved_files_come_back(groups: Groups, tmp_path: Path) -> None:
    before = contents(tmp_path / "photos")
    outcomes = moved(tmp_path, plan(groups))
    assert all(each.is_done for each in outcomes)
    assert set(contents(tmp_path / "photos")) == {"a.jpg", "half.jpg"}
    assert set(contents(tmp_path / "moved")) == {"again.jpg", "sub dir/it's equal.jpg"}
    assert all(each.is_done for each in undo(tmp_path / "photos", tmp_path / "out"))
    assert contents(tmp_path / "photos") == before
    assert contents(tmp_path / "moved") == {}
    with pytest.raises(FileMissing):
        list(undo(tmp_path / "photos", tmp_path / "out"))


@pytest.mark.parametrize("changed", ["again.jpg", "a.jpg"])
def test_what_changed_since_the_report_is_left_alone(
    groups: Groups, tmp_path: Path, changed: str
) -> None:
    save(tmp_path / "photos" / changed, picture(2))
    before = contents(tmp_path / "photos")
    outcomes = {each.removal.path: each for each in moved(tmp_path, plan(groups))}
    assert not outcomes["again.jpg"].is_done
    assert "changed since the report" in outcomes["again.jpg"].message
    assert contents(tmp_path / "photos")["again.jpg"] == before["again.jpg"]


def test_nothing_is_overwritten_on_the_way_there_or_back(groups: Groups, tmp_path: Path) -> None:
    save(tmp_path / "moved" / "again.jpg", picture(3))
    outcomes = {each.removal.path: each.is_done for each in moved(tmp_path, plan(groups))}
    assert outcomes == {"again.jpg": False, "sub dir/it's equal.jpg": True}
    save(tmp_path / "photos" / "sub dir" / "it's equal.jpg", picture(4))
    (back,) = undo(tmp_path / "photos", tmp_path / "out")
    assert not back.is_done
    assert "is there again" in back.message


def test_a_hard_link_holds_the_same_and_only_byte_equal_files_become_one(
    groups: Groups, tmp_path: Path
) -> None:
    folder, before = tmp_path / "photos", contents(tmp_path / "photos")
    steps = plan(groups)
    outcomes = list(apply_plan(folder, tmp_path / "out", steps, Action.HARD_LINK, None))
    assert [each.is_done for each in outcomes] == [False, True]
    equal = folder / "sub dir" / "it's equal.jpg"
    assert equal.samefile(folder / "a.jpg")
    assert contents(folder) == before
    assert all(each.is_done for each in undo(folder, tmp_path / "out"))
    assert not equal.samefile(folder / "a.jpg")
    assert contents(folder) == before


def test_a_reflink_is_made_or_refused_and_never_half(groups: Groups, tmp_path: Path) -> None:
    folder, before = tmp_path / "photos", contents(tmp_path / "photos")
    list(apply_plan(folder, tmp_path / "out", plan(groups), Action.REFLINK, None))
    assert contents(folder) == before


def test_to_move_needs_a_place_outside(groups: Groups, tmp_path: Path) -> None:
    for place in (None, tmp_path / "photos" / "sub dir" / ".."):
        with pytest.raises(ArgumentInvalid, match="--to DIR"):
            apply_plan(tmp_path / "photos", tmp_path / "out", plan(groups), Action.MOVE, place)


def test_the_script_moves_what_did_not_change(groups: Groups, tmp_path: Path) -> None:
    save(tmp_path / "photos" / "again.jpg", picture(5))
    path = tmp_path / "plan.sh"
    path.write_text("\n".join(script(tmp_path / "photos", plan(groups), tmp_path / "moved")) + "\n")
    ended = subprocess.run(["sh", str(path)], check=False, capture_output=True, text=True)
    assert "changed: " in ended.stdout
    assert set(contents(tmp_path / "moved")) == {"sub dir/it's equal.jpg"}
    assert set(contents(tmp_path / "photos")) == {"a.jpg", "again.jpg", "half.jpg"}
