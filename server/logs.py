"""Log lines on stderr: for people, or one JSON object a line for machines."""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

FIELDS = "fields"
"""The `extra` under which a line carries its values by name."""

NATIVE = "native"
"""The logger of what libraries in C and others write to stderr by themselves."""

ENDING_S = 1.0


@contextmanager
def logging_to_stderr(log_format: str, level: str) -> Iterator[None]:
    """Sends everything at or above the level to stderr.

    Where JSON is asked for, every line is: those too that libjpeg, libpng or gRPC write past
    Python, and traces.
    """
    if log_format != "json":
        _set_up(sys.stderr, logging.Formatter(TEXT), level)
        yield
        return
    original, (source, sink) = os.dup(2), os.pipe()
    os.dup2(sink, 2)
    os.close(sink)
    with os.fdopen(original, "w", buffering=1, encoding="utf-8") as stream:
        _set_up(stream, JsonFormatter(), level)
        reading = threading.Thread(target=_log_lines, args=(source,), daemon=True)
        reading.start()
        try:
            yield
        finally:
            sys.stderr.flush()
            # Closes the last writer of the pipe, so that the thread comes to its end.
            os.dup2(original, 2)
            reading.join(ENDING_S)
            _set_up(sys.stderr, JsonFormatter(), level)


def _set_up(stream: TextIO, formatter: logging.Formatter, level: str) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _log_lines(source: int) -> None:
    log = logging.getLogger(NATIVE)
    with os.fdopen(source, "rb") as lines:
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                log.warning("%s", text)


class JsonFormatter(logging.Formatter):
    """One object a line: time (seconds since 1970), level, logger, message, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, its trace included where it has one."""
        line: dict[str, Any] = {
            "time_unix_s": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
