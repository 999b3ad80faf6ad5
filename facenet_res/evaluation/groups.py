"""False matches and false non-matches of each group of people, at one threshold for all.

All pairs *within* a group are compared: two women, two men. That is how NIST measures it, and it
shows more than pairs of everybody with everybody, which are mostly easy. A group that has too few
pairs for a figure gets none, and is told how many it would need.

Source:
    Grother, Ngan, Hanaoka 2019, NIST IR 8280, "Demographic effects" (pairs within groups, one
    threshold); ISO/IEC 19795-10:2024 (worst over geometric mean).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.core.types import Embeddings
from facenet_res.evaluation.all_pairs import ComparedFaces, compare_all
from facenet_res.evaluation.bootstrap import TAIL, BootstrapConfig
from facenet_res.evaluation.intervals import Interval, clopper_pearson, widest

GENUINE_MIN: Final = 30
"""Pairs of one person that a rate of false non-matches needs at least."""
IMPOSTOR_MIN: Final = 300
"""Pairs of two people that a FMR needs at least: they support 1 in 100."""


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One rate of error of one group.

    Attributes:
        errors: pairs answered wrongly at the threshold.
        pairs: all pairs of the kind.
        rate: their quotient; NaN (null in JSON) where the pairs are too few.
        interval: 95 %, the wider at each end of Clopper-Pearson and a bootstrap over people; 0
            to 1 where the pairs are too few.
        pairs_needed: the fewest pairs for which a figure is given.
    """

    errors: int
    pairs: int
    rate: float
    interval: Interval
    pairs_needed: int


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one group.

    Attributes:
        name: as the table has it.
        images: of the group.
        people: on them.
        false_accepts: of pairs of two people of the group.
        false_rejects: of pairs of one person.
    """

    name: str
    images: int
    people: int
    false_accepts: GroupRate
    false_rejects: GroupRate


@dataclass(frozen=True, slots=True)
class Disparity:
    """How far the worst group is from the others, in one kind of error.

    Attributes:
        worst: name of the worst group; "" where fewer than two groups have a figure.
        worst_to_mean: its rate divided by the mean of the groups' rates; NaN where that is 0.
        worst_to_geometric_mean: the same by the geometric mean, which ISO/IEC 19795-10 takes; NaN
            where a group has no error at all.
    """

    worst: str
    worst_to_mean: float
    worst_to_geometric_mean: float


@dataclass(frozen=True, slots=True)
class AttributeFigures:
    """The groups of one attribute.

    Attributes:
        name: of the attribute.
        groups: by name.
        false_accepts: how unequal they are.
        false_rejects: likewise.
    """

    name: str
    groups: tuple[Group, ...]
    false_accepts: Disparity
    false_rejects: Disparity


@dataclass(frozen=True, slots=True)
class GroupsReport:
    """Figures per group at one threshold.

    Attributes:
        model_id: the weights.
        images: judged.
        people: on them.
        threshold: pairs at or above it are accepted.
        fmr: for which the threshold was chosen on all these pairs; 0 where it was
            given.
        attributes: in the table's order.
    """

    model_id: str
    images: int
    people: int
    threshold: float
    fmr: float
    attributes: tuple[AttributeFigures, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GroupedFaces:
    """Embedded faces, who is on them and to which groups they belong.

    Attributes:
        embeddings: float32[B, D], unit rows.
        people: str or int[B].
        groups: attribute -> str[B], "" for none.
    """

    embeddings: Embeddings
    people: Any
    groups: dict[str, tuple[str, ...]]


def judge_groups(
    faces: GroupedFaces,
    threshold: float,
    model_id: str,
    *,
    fmr: float = 0.0,
    config: BootstrapConfig | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> GroupsReport:
    """The figures of each group of each attribute.

    Args:
        faces: to compare.
        threshold: the least similarity accepted.
        model_id: names the weights.
        fmr: what the threshold was chosen for, for the report.
        config: rounds and seed of the bootstrap.
        on_progress: told the number of groups done.

    Raises:
        ArrayInvalid: lengths differ, or an embedding is not finite or not of unit length.
        ArgumentInvalid: the threshold accepts so many pairs that they cannot be held.
        DataInvalid: an attribute has fewer than two groups with a figure of either kind.
    """
    rows, person = _checked(faces)
    done = 0
    attributes = []
    for name, values in faces.groups.items():
        found = []
        for group in sorted(set(values) - {""}):
            members = np.flatnonzero(np.asarray(values) == group)
            pairs = compare_all(rows[members], person[members], threshold)
            found.append(_group(group, pairs, config or BootstrapConfig()))
            done += 1
            if on_progress is not None:
                on_progress(done)
        attributes.append(_attribute(name, tuple(found)))
    people = len(np.unique(person))
    return GroupsReport(model_id, len(rows), people, threshold, fmr, tuple(attributes))


def _checked(faces: GroupedFaces) -> tuple[Embeddings, NDArray[np.int64]]:
    rows = check_embeddings(faces.embeddings, np.shape(faces.embeddings)[-1])
    lengths = {len(faces.people), *(len(values) for values in faces.groups.values())}
    if lengths != {len(rows)} or len(rows) == 0:
        raise ArrayInvalid(f"{len(rows)} faces need as many people and groups; got {lengths}")
    person = np.unique(np.asarray(faces.people), return_inverse=True)[1]
    return rows, np.asarray(person, np.int64)


def _group(name: str, pairs: ComparedFaces, config: BootstrapConfig) -> Group:
    people = len(pairs.faces)
    random = np.random.default_rng(config.seed)
    rounds = np.array(
        [
            pairs.counts(np.bincount(random.integers(0, people, people), minlength=people))
            for _ in range(config.rounds)
        ]
    )
    false_accepts, impostors, rejects, genuine = pairs.counts(np.ones(people, np.int64))
    return Group(
        name=name,
        images=int(pairs.faces.sum()),
        people=people,
        false_accepts=_rate(false_accepts, impostors, IMPOSTOR_MIN, rounds[:, :2]),
        false_rejects=_rate(rejects, genuine, GENUINE_MIN, rounds[:, 2:]),
    )


def _rate(errors: int, pairs: int, needed: int, rounds: NDArray[np.int64]) -> GroupRate:
    if pairs < needed:
        return GroupRate(errors, pairs, float("nan"), Interval(0.0, 1.0), needed)
    usable = rounds[rounds[:, 1] > 0]
    low, high = np.quantile(usable[:, 0] / usable[:, 1], [TAIL, 1 - TAIL])
    interval = widest(clopper_pearson(errors, pairs), Interval(float(low), float(high)))
    return GroupRate(errors, pairs, errors / pairs, interval, needed)


def _attribute(name: str, groups: tuple[Group, ...]) -> AttributeFigures:
    accepts = _disparity({group.name: group.false_accepts.rate for group in groups})
    rejects = _disparity({group.name: group.false_rejects.rate for group in groups})
    if not accepts.worst and not rejects.worst:
        sizes = ", ".join(
            f"{group.name or 'none'}: {group.false_accepts.pairs} and {group.false_rejects.pairs}"
            for group in groups[:5]
        )
        raise DataInvalid(
            f"attribute {name} has no two groups with {IMPOSTOR_MIN} pairs of two people or "
            f"{GENUINE_MIN} of one ({sizes or 'no group at all'})"
        )
    return AttributeFigures(name, groups, accepts, rejects)


def _disparity(rates: dict[str, float]) -> Disparity:
    known = {name: rate for name, rate in rates.items() if not np.isnan(rate)}
    if len(known) < 2:
        return Disparity("", float("nan"), float("nan"))
    worst = max(known, key=lambda name: known[name])
    values = np.array(list(known.values()))
    mean = float(values.mean())
    geometric = float(np.exp(np.log(values).mean())) if values.all() else 0.0
    return Disparity(
        worst,
        known[worst] / mean if mean else float("nan"),
        known[worst] / geometric if geometric else float("nan"),
    )
