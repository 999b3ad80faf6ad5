"""Log lines as machines read them."""

import json
import logging
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
