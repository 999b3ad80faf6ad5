"""From pairs of copies to groups, each held together by the photo to keep.

Pairs alone would chain: a crop of a crop of a crop ends far from the first. So a group has a
centre, the photo that would be kept, and whoever joins was compared with the centre itself.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

Compare = Callable[[str, str], bool]


def group_copies(
    order: Sequence[str], pairs: Iterable[tuple[str, str]], is_copy_of: Compare
) -> list[list[str]]:
    """Groups of two and more.

    Starting from each photo not yet grouped, in the order of preference, its copies are gathered
    along the pairs; the search goes on only through photos that are copies of the centre. Each
    photo is compared with a centre only where a pair leads to it.

    Args:
        order: the photos, the ones to keep before their copies.
        pairs: those found to be copies, in any order.
        is_copy_of: compares a centre with a photo that no pair joins to it.

    Returns:
        The groups, centres first, disjoint; both levels follow `order`.
    """
    linked = _linked(pairs)
    rank = {name: position for position, name in enumerate(order)}
    grouped: set[str] = set()
    groups = []
    for centre in order:
        if centre in grouped or centre not in linked:
            continue
        members = _gathered(centre, linked, grouped, is_copy_of)
        grouped.update(members)
        if len(members) > 1:
            groups.append(sorted(members, key=lambda name: rank[name]))
    return groups


def _gathered(
    centre: str, linked: Mapping[str, set[str]], grouped: set[str], is_copy_of: Compare
) -> set[str]:
    members = {centre}
    seen = {centre}
    waiting = deque(sorted(linked[centre]))
    while waiting:
        name = waiting.popleft()
        if name in seen or name in grouped:
            continue
        seen.add(name)
        if name in linked[centre] or is_copy_of(centre, name):
            members.add(name)
            waiting.extend(sorted(linked[name] - seen))
    return members


def _linked(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    linked: defaultdict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        linked[first].add(second)
        linked[second].add(first)
    return linked
