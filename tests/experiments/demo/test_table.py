"""The table is aligned, and says loudly what is not as expected."""

from experiments.demo.table import Row, rendered

ROWS = [
    Row("verify", "one person?", "same person", 12.4, True, 0.8123, 0.35),
    Row("delete", "Grace Hopper", "3 faces deleted", 1234.5, False),
    Row("identify", "x" * 100, "unknown", None, True, -0.05, 0.35),
]


def test_columns_are_aligned_and_numbers_stand_at_the_right() -> None:
    header, rule, first, second, third = rendered(ROWS).splitlines()
    end = header.index("ms") + 2
    assert first[:end].endswith("  12")
    assert second[:end].endswith("1234")
    assert "0.812" in first
    assert third[:end].rstrip().endswith("0.350")
    assert "-0.050" in third
    assert set(rule) == {"-", " "}
    assert len({line.index(word) for line, word in ((first, "one"), (second, "Grace"))}) == 1


def test_what_is_not_as_expected_stands_out() -> None:
    lines = rendered(ROWS).splitlines()
    assert [line.endswith("NOT AS EXPECTED") for line in lines[2:]] == [False, True, False]


def test_long_texts_are_cut() -> None:
    assert max(len(line) for line in rendered(ROWS).splitlines()) < 150
