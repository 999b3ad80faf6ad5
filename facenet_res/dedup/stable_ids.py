"""Ids of groups that stay from run to run: a group keeps the id of the one it mostly was."""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace

from facenet_res.dedup.types import CopyGroup, Groups, PersonGroup


def with_stable_ids(found: Groups, before: Groups | None) -> Groups:
    """The groups, with the ids of the run before where there was one."""
    if before is None:
        return found
    copies = stable_ids(
        "copies", {g.group_id: _files(g) for g in before.copies}, list(map(_files, found.copies))
    )
    people = stable_ids(
        "person", {g.group_id: _faces(g) for g in before.people}, list(map(_faces, found.people))
    )
    return replace(
        found,
        copies=tuple(
            replace(group, group_id=name) for group, name in zip(found.copies, copies, strict=True)
        ),
        people=tuple(
            replace(group, group_id=name) for group, name in zip(found.people, people, strict=True)
        ),
    )


def _files(group: CopyGroup) -> list[Hashable]:
    return [member.path for member in group.members]


def _faces(group: PersonGroup) -> list[Hashable]:
    return [(face.sha256, face.number) for face in group.faces]


def stable_ids(
    prefix: str, before: Mapping[str, Collection[Hashable]], now: Sequence[Collection[Hashable]]
) -> list[str]:
    """An id for each group.

    The pair of an old and a new group with most members in common is settled first. A group that
    was split leaves its id to the largest part, and merged groups take that of the largest.

    Args:
        prefix: of new ids: "person" makes "person-7".
        before: members of the groups of the run before, by id.
        now: members of the groups.
    """
    old_of = {member: group_id for group_id, members in before.items() for member in members}
    shared = Counter(
        (old_of[member], row)
        for row, members in enumerate(now)
        for member in members
        if member in old_of
    )
    ids: dict[int, str] = {}
    used: set[str] = set()
    for group_id, row in sorted(shared, key=lambda pair: (-shared[pair], pair[1], pair[0])):
        if row not in ids and group_id not in used:
            ids[row] = group_id
            used.add(group_id)
    numbers = [int(group_id.rpartition("-")[2]) for group_id in before]
    fresh = max(numbers, default=0)
    for row in range(len(now)):
        if row not in ids:
            fresh += 1
            ids[row] = f"{prefix}-{fresh}"
    return [ids[row] for row in range(len(now))]
