"""Where a gallery in PostgreSQL is: a URL that names the server, the database and the gallery."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from facenet_res.core.errors import ArgumentInvalid

GALLERY_DEFAULT = "facenet_res"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_DEFAULTS: Mapping[str, str | int] = {
    "application_name": "facenet-res",
    "connect_timeout": 5,
    # A primary that died without a word is noticed within ten seconds or so.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A gallery in a database.

    Attributes:
        gallery: its name, a schema of the database.
        parameters: of the connection, as libpq names them; left out of `repr`, as a password is.
        shown: for messages; without the password.
    """

    gallery: str
    parameters: Mapping[str, str | int] = field(repr=False)
    shown: str

    def __str__(self) -> str:
        return self.shown


def place_of(url: str) -> PostgresPlace:
    """Reads `postgresql://user@host/database?gallery=NAME`; other parameters are libpq's.

    Several hosts, `postgresql://a,b/database`, are tried in turn.

    Raises:
        ArgumentInvalid: it is no such URL, or the name is none for a schema.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    gallery = dict(query).get("gallery", GALLERY_DEFAULT)
    if not _NAME.fullmatch(gallery):
        raise ArgumentInvalid(
            f"a gallery in PostgreSQL is named by small letters, digits and _, got {gallery!r}"
        )
    others = [(key, value) for key, value in query if key != "gallery"]
    address = parts.netloc.rpartition("@")[2]
    shown = f"postgresql://{address}{parts.path}?gallery={gallery}"
    try:
        found = conninfo_to_dict(
            f"postgresql://{parts.netloc}{parts.path}?{urlencode(others, quote_via=quote)}"
        )
    except psycopg.ProgrammingError:
        # Its message may hold the password.
        raise ArgumentInvalid(
            f"{shown} is no URL that libpq reads; it is postgresql://USER@HOST/DATABASE?gallery=NAME"
        ) from None
    given = {key: value for key, value in found.items() if value is not None}
    return PostgresPlace(gallery, {**_DEFAULTS, **given}, shown)
