"""Log lines as machines read them."""

import json
import logging
import subprocess
import sys

from facenet_res.server.logs import FIELDS, JsonFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("server.x", logging.INFO, "x.py", 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_a_line_is_one_object_with_its_fields() -> None:
    line = JsonFormatter().format(record("a\nb", **{FIELDS: {"code": "OK"}}))
    read = json.loads(line)
    assert "\n" not in line
    assert (read["message"], read["level"], read["code"]) == ("a\nb", "info", "OK")


def test_a_trace_stays_on_the_line() -> None:
    try:
        raise ValueError("wrong")
    except ValueError:
        failed = record("bug", exc_info=sys.exc_info())
    line = JsonFormatter().format(failed)
    assert "\n" not in line
    assert "ValueError: wrong" in json.loads(line)["trace"]


def test_every_line_on_stderr_is_json_whoever_writes_it() -> None:
    script = """
import logging, os, subprocess, sys, traceback
from facenet_res.server.logs import logging_to_stderr
with logging_to_stderr("json", "info"):
    logging.getLogger("ours").info("one")
    os.write(2, b"Corrupt JPEG data\\n")
    subprocess.run([sys.executable, "-c", "import sys; print('child', file=sys.stderr)"])
    try:
        raise ValueError("wrong")
    except ValueError:
        traceback.print_exc()
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    messages = {line["message"]: line["logger"] for line in lines}
    assert messages["one"] == "ours"
    assert messages["Corrupt JPEG data"] == messages["child"] == "native"
    assert messages["ValueError: wrong"] == "native"
