"""Answers on stdout, the rest on stderr."""

import io
import json
import sys

import pytest

from facenet_res.cli.console import (
    Lines,
    complain,
    note,
    prepare_streams,
    print_json,
    print_pairs,
    print_table,
    progress,
    set_verbosity,
    shortened,
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


def test_a_table_fits_a_narrow_terminal_and_paths_keep_both_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    path = "photos/2019/summer/a-rather-long-folder/IMG_0815.jpg"
    words = "a sentence that says in more words than fit what is the matter here"

    print_table(("image", "face", "note"), [(path, "1", words), ("b.jpg", "2", "short")])
    print_pairs([("model", words)])

    out = capsys.readouterr().out.splitlines()
    assert max(map(len, out)) <= 60
    assert out[1].startswith("photos")
    assert "...MG_0815.jpg  1     a sentence" in out[1]
    assert out[2].startswith(" " * 20)
    text = " ".join(" ".join(out).split())
    assert "fit what is the matter here" in text
    assert shortened("abcdefghij", 7) == "ab...ij"


def test_a_pipe_gets_every_line_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(("image", "note"), [("x" * 200, "word " * 50)])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_quiet_says_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    set_verbosity(verbose=False, quiet=True)
    try:
        note("a remark")
        complain("an error")
        with stages() as tell:
            tell("embed", 1, 2)
    finally:
        set_verbosity(verbose=False, quiet=False)
    assert capsys.readouterr().err == "an error\n"


def test_progress_without_a_terminal_is_a_line_after_two_seconds_and_then_one_in_ten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now_s = 0.0
    tell = Lines("images", lambda: now_s)

    for done in range(1, 31):
        now_s = float(done)
        tell("embed", done, 3000)

    assert capsys.readouterr().err.splitlines() == [
        "embed: 2 of 3,000 (0 %) images",
        "embed: 12 of 3,000 (0 %) images",
        "embed: 22 of 3,000 (1 %) images",
    ]
