"""Log lines on stderr: for people, or one JSON object a line for machines."""

import json
import logging
import sys

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

FIELDS = "fields"
"""The `extra` under which a line carries its values by name."""


def set_up_logs(log_format: str, level: str) -> None:
    """Sends everything at or above the level to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class JsonFormatter(logging.Formatter):
    """One object a line: time (seconds since 1970), level, logger, message, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, its trace included where it has one."""
        line = {
            "time_unix_s": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
