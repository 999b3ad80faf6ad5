"""The groups as JSON, there and back."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from facenet_res.core.files import OWNER_ONLY, write_atomically
from facenet_res.core.types import Box
from facenet_res.dedup.stage_files import read_lines
from facenet_res.dedup.types import (
    Container,
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    FacesAlike,
    FaceSetAside,
    Groups,
    IdentityDuplicate,
    PersonFace,
    PersonGroup,
    SkippedFile,
)

_GROUPS_FILE: Final = "groups.jsonl"


def write_groups(out: Path, groups: Groups) -> None:
    """Writes the groups as one line of JSON.

    Raises:
        DiskFull: it could not be written.
    """
    line = json.dumps(asdict(groups), sort_keys=True) + "\n"
    write_atomically(out / _GROUPS_FILE, line.encode("ascii"), OWNER_ONLY)


def read_groups(out: Path) -> Groups:
    """The groups that were written.

    Raises:
        FileMissing: the cluster stage has not run.
    """
    return next(_groups(record) for record in read_lines(out / _GROUPS_FILE))


def _groups(record: dict[str, Any]) -> Groups:
    return Groups(
        counts=Counts(**record["counts"]),
        copies=tuple(
            CopyGroup(group["group_id"], tuple(_member(member) for member in group["members"]))
            for group in record["copies"]
        ),
        containers=tuple(
            Container(**pair | {"box": tuple(pair["box"])}) for pair in record["containers"]
        ),
        people=tuple(
            PersonGroup(**group | {"faces": tuple(_face(face) for face in group["faces"])})
            for group in record["people"]
        ),
        alike=tuple(
            FacesAlike(
                **pair
                | {"numbers": tuple(pair["numbers"])}
                | {side: Box(**pair[side]) for side in ("first", "second")}
            )
            for pair in record["alike"]
        ),
        set_aside=tuple(
            FaceSetAside(**face | {"box": Box(**face["box"])}) for face in record["set_aside"]
        ),
        skipped=tuple(SkippedFile(**file) for file in record["skipped"]),
        nearest_histogram=tuple(record["nearest_histogram"]),
        identities=tuple(
            IdentityDuplicate(
                **pair | {name: _face(pair[name]) for name in ("first_face", "second_face")}
            )
            for pair in record["identities"]
        ),
        similarity_min=record["similarity_min"],
        fmr=record["fmr"],
    )


def _member(record: dict[str, Any]) -> CopyMember:
    lists = {name: tuple(record[name]) for name in ("changes", "shown", "overlay")}
    return CopyMember(**record | lists | {"kind": CopyKind(record["kind"])})


def _face(record: dict[str, Any]) -> PersonFace:
    return PersonFace(**{**record, "box": Box(**record["box"]), "copies": tuple(record["copies"])})
