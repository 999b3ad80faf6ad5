"""Faces of the kept images to people: who opens groups, who may join one, who is set aside."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.decisions import Decisions, FaceRef
from facenet_res.dedup.identities import identity_duplicates
from facenet_res.dedup.people import (
    NearPairs,
    Rules,
    attached,
    group_faces,
    near_pairs,
    similarities,
)
from facenet_res.dedup.person_threshold import person_threshold
from facenet_res.dedup.types import (
    CopyGroup,
    FacesAlike,
    FaceSetAside,
    IdentityDuplicate,
    PersonFace,
    PersonGroup,
    PhotoFaces,
)

# Boxes of one face, found by two detectors, overlap by this much.
_SAME_FACE_IOU: Final = 0.5
_BINS: Final = 40


@dataclass(frozen=True, slots=True)
class People:
    """What was found.

    Attributes:
        groups: the largest first.
        alike: two faces of one image that look like one person.
        set_aside: faces too weak to open a group that joined none.
        compared: number of faces that could open a group.
        identities: folders that are one person, where the configuration asks for them.
        similarity_min: the threshold that was used, and `fmr` the rate that it stands for.
        nearest_histogram: of these, by the similarity of the nearest face, from 0 to 1 in 40 steps.
    """

    groups: tuple[PersonGroup, ...]
    alike: tuple[FacesAlike, ...]
    set_aside: tuple[FaceSetAside, ...]
    compared: int
    nearest_histogram: tuple[int, ...]
    identities: tuple[IdentityDuplicate, ...] = ()
    similarity_min: float = 0.0
    fmr: float = 0.0


def weaknesses(faces: PhotoFaces, config: DedupConfig) -> NDArray[np.str_]:
    """Why each face may open no group: "small", "uncertain", "blurred", "turned"; or ""."""
    sides_px = np.minimum(
        faces.boxes[:, 2] - faces.boxes[:, 0], faces.boxes[:, 3] - faces.boxes[:, 1]
    )
    conditions = (
        (sides_px < config.face_side_px_min, "small"),
        (faces.scores < config.face_score_min, "uncertain"),
        (faces.quality[:, 3] < config.face_sharpness_min, "blurred"),
        (np.abs(faces.quality[:, 2]) > config.face_yaw_share_max, "turned"),
    )
    reached = [condition for condition, _ in conditions]
    names = [np.array(name) for _, name in conditions]
    return np.asarray(np.select(reached, names, default=""), np.str_)


def find_people(
    faces: PhotoFaces,
    paths: Mapping[str, str],
    copies: Mapping[str, CopyGroup],
    decisions: Decisions,
    config: DedupConfig,
) -> People:
    """Groups the faces.

    Args:
        faces: of all images.
        paths: SHA-256 to path of the images that take part, kept ones of their copies.
        copies: by the path of the kept one, what it stands for.
        decisions: followed.
        config: of the run.
    """
    return _Faces(faces, paths, copies, decisions, config).people()


class _Faces:
    """The faces that take part, and what is known of each."""

    def __init__(
        self,
        faces: PhotoFaces,
        paths: Mapping[str, str],
        copies: Mapping[str, CopyGroup],
        decisions: Decisions,
        config: DedupConfig,
    ) -> None:
        self._faces, self._paths, self._copies, self._config = faces, paths, copies, config
        self._numbers = _numbers(faces.sha256)
        self._named = _rows_of(faces, decisions)
        self._decisions = decisions
        self._weakness = weaknesses(faces, config)
        taking_part = np.array([name in paths for name in faces.sha256], np.bool_)
        decided = np.zeros(len(taking_part), np.bool_)
        # Who was named or joined by hand is strong enough.
        decided[[row for row in self._named.values() if row >= 0]] = True
        is_strong = decided | (self._weakness == "")
        self._strong = np.flatnonzero(taking_part & is_strong)
        self._weak = np.flatnonzero(taking_part & ~is_strong)
        order = {name: number for number, name in enumerate(paths)}
        self._similarity_min, self._fmr = person_threshold(config, len(self._strong))
        self._images = np.array([order.get(name, -1) for name in faces.sha256], np.int64)

    def people(self) -> People:
        strong, config = self._strong, self._config
        embeddings = self._faces.embeddings[strong]
        pairs = near_pairs(embeddings, self._similarity_min)
        clusters = group_faces(embeddings, pairs, self._similarity_min, self._rules())
        joined = self._joined(clusters)
        groups = [
            self._group(strong[rows], extra) for rows, extra in zip(clusters, joined, strict=True)
        ]
        groups.sort(
            key=lambda group: (-len(group.faces), group.faces[0].path, group.faces[0].number)
        )
        groups = [
            replace(group, group_id=f"person-{number}") for number, group in enumerate(groups, 1)
        ]
        in_a_group = {row for extra in joined for row in extra}
        aside = tuple(
            FaceSetAside(
                self._paths[self._faces.sha256[row]],
                self._faces.sha256[row],
                self._numbers[row],
                self._faces.box(row),
                str(self._weakness[row]),
            )
            for row in self._weak.tolist()
            if row not in in_a_group
        )
        histogram, _ = np.histogram(pairs.nearest, _BINS, (0.0, 1.0))
        counts = tuple(histogram.tolist())
        twice = self._identities() if config.identities else ()
        return People(
            tuple(groups),
            self._alike(pairs),
            aside,
            len(strong),
            counts,
            twice,
            self._similarity_min,
            self._fmr,
        )

    def _identities(self) -> tuple[IdentityDuplicate, ...]:
        """Folders that are one person: of each image its largest face, if it is strong."""
        names = self._faces.sha256
        rows = [
            row
            for row in self._strong.tolist()
            if self._numbers[row] == 0 and "/" in self._paths[names[row]]
        ]
        owners = [self._paths[names[row]].partition("/")[0] for row in rows]
        faces = self._faces.embeddings[rows]
        found = identity_duplicates(owners, faces, self._similarity_min)
        return tuple(
            IdentityDuplicate(
                each.first,
                each.second,
                each.similarity,
                self._face(rows[each.first_row], each.face_similarity),
                self._face(rows[each.second_row], each.face_similarity),
            )
            for each in found
        )

    def _face(self, row: int, similarity: float) -> PersonFace:
        name = self._faces.sha256[row]
        path = self._paths[name]
        group = self._copies.get(path)
        return PersonFace(
            path=path,
            sha256=name,
            number=self._numbers[row],
            box=self._faces.box(row),
            score=round(float(self._faces.scores[row]), 4),
            similarity=round(similarity, 4),
            copies=tuple(m.path for m in group.members[1:]) if group else (),
            weakness=str(self._weakness[row]),
        )

    def _rules(self) -> Rules:
        place = {row: number for number, row in enumerate(self._strong.tolist())}

        def pairs(refs: Sequence[tuple[FaceRef, FaceRef]]) -> list[tuple[int, int]]:
            rows = [(place.get(self._named[a]), place.get(self._named[b])) for a, b in refs]
            return [(a, b) for a, b in rows if a is not None and b is not None and a != b]

        images = self._images[self._strong].tolist()
        if self._config.two_in_an_image:
            images = list(range(len(images)))
        decisions = self._decisions
        return Rules(images, pairs(decisions.together), pairs(decisions.apart))

    def _joined(self, clusters: Sequence[Sequence[int]]) -> list[list[int]]:
        """Weak faces of each group, at most one of an image and none of an image in the group."""
        embeddings = self._faces.embeddings
        strong, weak = self._strong, self._weak
        best = attached(embeddings[strong], embeddings[weak], clusters, self._similarity_min)
        seen = [set(self._images[strong[list(rows)]].tolist()) for rows in clusters]
        joined: list[list[int]] = [[] for _ in clusters]
        for row, group in zip(weak.tolist(), best, strict=True):
            image = int(self._images[row])
            if group >= 0 and image not in seen[group]:
                seen[group].add(image)
                joined[group].append(row)
        return joined

    def _group(self, rows: NDArray[np.int64], extra: list[int]) -> PersonGroup:
        members = [*rows.tolist(), *extra]
        told = similarities(self._faces.embeddings[members])
        found = [self._face(row, value) for row, value in zip(members, told, strict=True)]
        inside = set(members)
        names = [name for ref, name in self._decisions.names if self._named[ref] in inside]
        faces = tuple(sorted(found, key=lambda face: (face.path, face.number)))
        return PersonGroup("", faces, names[-1] if names else "")

    def _alike(self, pairs: NearPairs) -> tuple[FacesAlike, ...]:
        images = self._images[self._strong]
        same = np.flatnonzero(images[pairs.firsts] == images[pairs.seconds])
        found = []
        for pair in same.tolist():
            first, second = (
                int(self._strong[rows[pair]]) for rows in (pairs.firsts, pairs.seconds)
            )
            name = self._faces.sha256[first]
            found.append(
                FacesAlike(
                    self._paths[name],
                    name,
                    (self._numbers[first], self._numbers[second]),
                    self._faces.box(first),
                    self._faces.box(second),
                    round(float(pairs.similarities[pair]), 4),
                )
            )
        return tuple(sorted(found, key=lambda pair: (pair.path, pair.numbers)))


def _numbers(names: Sequence[str]) -> list[int]:
    """Of each face its number within its image, from 0."""
    numbers: list[int] = []
    before = ""
    for name in names:
        numbers.append(numbers[-1] + 1 if numbers and name == before else 0)
        before = name
    return numbers


def _rows_of(faces: PhotoFaces, decisions: Decisions) -> dict[FaceRef, int]:
    """The row of each face that a decision names; -1 where it is not there any more."""
    refs = {ref for pair in (*decisions.together, *decisions.apart) for ref in pair}
    refs |= {ref for ref, _ in decisions.names}
    wanted: Set[str] = {ref.sha256 for ref in refs}
    rows: dict[str, list[int]] = {name: [] for name in wanted}
    for row, name in enumerate(faces.sha256) if wanted else ():
        if name in rows:
            rows[name].append(row)
    found = {}
    for ref in refs:
        overlaps = [(ref.box.iou(faces.box(row)), -row) for row in rows[ref.sha256]]
        iou, row = max(overlaps, default=(0.0, 1))
        found[ref] = -row if iou >= _SAME_FACE_IOU else -1
    return found
