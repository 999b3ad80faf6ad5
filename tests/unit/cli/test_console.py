"""Answers on stdout, the rest on stderr."""

import io
import json
import sys

import pytest

from facenet_res.cli.console import (
    note,
    prepare_streams,
    print_json,
    print_pairs,
    print_table,
    progress,
    stages,
)


def test_what_is_not_finite_becomes_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": float("inf"), "b": [1.5, float("nan")], "c": ("\u00e9",)})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": None, "b": [1.5, None], "c": ["\u00e9"]}
    assert "\u00e9" in out


def test_columns_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "n"), [("a long one", "1"), ("b", "22")])
    print_pairs([("a", "1"), ("long", "2")])
    assert capsys.readouterr().out.splitlines() == [
        "name        n",
        "a long one  1",
        "b           22",
        "a     1",
        "long  2",
    ]


def test_an_empty_table_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [])
    assert capsys.readouterr().out == ""


def test_short_work_shows_no_bar_and_none_goes_to_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress(3, "photo") as tell, stages() as tell_stage:
        tell(3)
        tell_stage("scan", 1, 2)
        tell_stage("embed", 5, 0)
    assert capsys.readouterr() == ("", "")


def test_a_name_that_is_no_utf_8_stays_valid_json(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    name = b"a\xff\xfe.jpg".decode("utf-8", "surrogateescape")
    print_json({"path": name})
    assert json.loads(capsysbinary.readouterr().out.decode("utf-8")) == {"path": name}


def test_json_is_valid_where_stdout_takes_ascii_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    prepare_streams()

    print_json({"name": "\u00e9"})
    print_pairs([("name", "\u00e9")])

    stream.flush()
    *document, line = stream.buffer.getvalue().decode("ascii").splitlines()  # type: ignore[attr-defined]
    assert json.loads("".join(document)) == {"name": "\u00e9"}
    assert line == r"name  \xe9"


def test_a_closed_stream_swallows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    prepare_streams()
    print_json({})
    sys.stdout.close()


def test_control_characters_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\n\x1b[2Jb"
    print_table(("name",), [(name,)])
    print_pairs([("name", name)])
    note(name)
    out, err = capsys.readouterr()
    assert out.splitlines() == ["name", r"a\n\x1b[2Jb", r"name  a\n\x1b[2Jb"]
    assert err == "a\\n\\x1b[2Jb\n"
