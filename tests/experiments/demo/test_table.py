"""Results take 80 columns, and a miss of the network is told from a fault of the server."""

import pytest

from experiments.demo.table import WIDTH, Table


@pytest.fixture
def table(capsys: pytest.CaptureFixture[str]) -> Table:
    table = Table()
    table.section("a section whose title is long " * 4)
    table.decision("verify", "one person?", "same person", is_right=True, score=0.8123, ms=12.4)
    table.decision("identify", "x" * 100, "unknown", is_right=False, score=-0.05, ms=12345.0)
    table.fact("delete", "Grace Hopper", "3 faces deleted", is_right=True, ms=3.0)
    return table


def test_no_line_is_wider_than_80_columns(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[-3].split() == ["verify", "one", "person?", "same", "person", "0.81", "12", "ok"]
    assert lines[-2].endswith("MISS")
    assert lines[-1].endswith("ok")


def test_a_miss_is_a_result(table: Table) -> None:
    assert "1 of 2 decisions agree with the images" in table.conclusion()
    assert "miss: identify xxx" in table.conclusion()
    assert not table.is_broken


def test_a_fault_is_none(table: Table) -> None:
    table.fact("look up", "Grace Hopper, after it", "still there", is_right=False)
    assert table.is_broken
    assert "FAULT: look up Grace Hopper" in table.conclusion()
