"""Which files a reviewed report would remove, and why: what `apply` carries out.

Byte-equal files, equal pixels and re-encoded copies may go without a look; edited copies and
overlays only where a person confirmed them. A group with a member that was called no copy is
planned around it. A hard link to what stays frees nothing and is left alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.dedup.decisions import Decisions
from facenet_res.dedup.types import CopyGroup, CopyKind, CopyMember, Groups

SAFE_KINDS: Final = (CopyKind.BYTE_EQUAL, CopyKind.SAME_PIXELS, CopyKind.REENCODED)
_CONFIRMED: Final = "confirmed"


@dataclass(frozen=True, slots=True)
class Removal:
    """One file to remove.

    Attributes:
        path: relative to the folder.
        sha256: what it held when it was compared; "apply" checks it.
        kept_path: the file that stays in its place.
        kept_sha256: of that file.
        why: the class of the copy, "confirmed" before it where a person said so.
        link: see `PhotoFile`.
    """

    path: str
    sha256: str
    kept_path: str
    kept_sha256: str
    why: str
    link: str = ""


def removals(groups: Groups, decisions: Decisions, kinds: Collection[CopyKind]) -> list[Removal]:
    """The files to remove, by path.

    Args:
        groups: of the last run.
        decisions: of the review, those after the run too.
        kinds: classes that are removed without having been confirmed.

    Raises:
        ArgumentInvalid: KEEP is among the kinds.
    """
    if CopyKind.KEEP in kinds:
        raise ArgumentInvalid("the kept image of a group is never removed")
    found = [each for group in groups.copies for each in _of_group(group, decisions, kinds)]
    return sorted(found, key=lambda each: each.path)


def _of_group(group: CopyGroup, decisions: Decisions, kinds: Collection[CopyKind]) -> list[Removal]:
    first = group.members[0]
    chosen = [each for each in group.members if each.sha256 in decisions.keep]
    kept = max(chosen, key=lambda each: decisions.keep[each.sha256], default=first)
    found = []
    for member in group.members:
        why = _why(member, first, kept, decisions, kinds)
        if why and not (member.link and member.link == kept.link):
            found.append(
                Removal(member.path, member.sha256, kept.path, kept.sha256, why, member.link)
            )
    return found


def _why(
    member: CopyMember,
    first: CopyMember,
    kept: CopyMember,
    decisions: Decisions,
    kinds: Collection[CopyKind],
) -> str:
    """Why a member may go; "" where it stays."""
    if member is kept:
        return ""
    if member.sha256 == kept.sha256:
        return CopyKind.BYTE_EQUAL.value if CopyKind.BYTE_EQUAL in kinds else ""
    low, high = sorted((member.sha256, kept.sha256))
    if (low, high) in decisions.not_copies:
        return ""
    # What a class says holds between the member and the first; another one was chosen by hand.
    kind = member.kind if kept is first or kept.sha256 == first.sha256 else kept.kind
    if (low, high) in decisions.copies:
        return f"{_CONFIRMED}, {kind.value}"
    is_safe = kept.sha256 == first.sha256 and member.kind in kinds
    return member.kind.value if is_safe else ""
