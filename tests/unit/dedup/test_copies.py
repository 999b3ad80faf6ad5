"""Groups of copies: disjoint, around a centre, without chains."""

from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.dedup.copies import group_copies


def never(_: str, __: str) -> bool:
    raise AssertionError("no comparison was needed")


def test_the_first_in_the_order_is_the_centre() -> None:
    assert group_copies(["b", "a", "c"], [("a", "b"), ("c", "b")], never) == [["b", "a", "c"]]


def test_who_has_no_pair_is_in_no_group() -> None:
    assert group_copies(["a", "b", "c"], [("a", "b")], never) == [["a", "b"]]
    assert group_copies(["a"], [], never) == []


def test_a_chain_ends_where_the_centre_is_no_longer_meant() -> None:
    # given a - b - c - d, each a crop of the one before, and only neighbours alike
    pairs = [("a", "b"), ("b", "c"), ("c", "d")]
    # then the far end is no copy of the first, but c and d are of each other
    assert group_copies(list("abcd"), pairs, lambda *_: False) == [["a", "b"], ["c", "d"]]


def test_a_pair_that_the_search_missed_is_compared_with_the_centre() -> None:
    asked = []

    def is_copy_of(centre: str, name: str) -> bool:
        asked.append((centre, name))
        return True

    assert group_copies(list("abc"), [("a", "b"), ("b", "c")], is_copy_of) == [["a", "b", "c"]]
    assert asked == [("a", "c")]


NAMES = [f"p{number}" for number in range(12)]
PAIRS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda p: p[0] != p[1])
)


@settings(max_examples=50, deadline=None)
@given(pairs=PAIRS, same=st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_groups_are_disjoint_and_every_member_was_compared_with_its_centre(
    pairs: list[tuple[str, str]], same: dict[str, bool]
) -> None:
    groups = group_copies(NAMES, pairs, lambda _, name: same.get(name, False))
    members = [name for group in groups for name in group]
    assert len(members) == len(set(members))
    linked = {frozenset(pair) for pair in pairs}
    for centre, *others in groups:
        assert others
        for name in others:
            assert frozenset((centre, name)) in linked or same.get(name, False)
        assert [centre, *others] == sorted([centre, *others], key=NAMES.index)


@settings(max_examples=50, deadline=None)
@given(pairs=PAIRS)
def test_the_order_of_the_pairs_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    def alike(_: str, name: str) -> bool:
        return name < "p3"

    assert group_copies(NAMES, pairs, alike) == group_copies(NAMES, pairs[::-1], alike)
