"""The tables of a gallery's database, format 3.

Row numbers are never used again. Every row carries a checksum over all of its columns, or in the
log the hash of a chain. Texts about people stand in `persons` and `faces` alone: the log holds a
commitment to an id, whose salt is in the row of the person or face and goes with it, and an answer
to repeat holds row numbers.
"""

import sqlite3

APPLICATION_ID = 0x46524553
"""Marks the file as ours, in SQLite's header: "FRES"."""

FORMAT = 3

TABLES = (
    """
    CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        model_id TEXT NOT NULL,
        embedding_dim INTEGER NOT NULL,
        created_unix_s REAL NOT NULL,
        request_key TEXT NOT NULL,
        checksum INTEGER NOT NULL
    )
    """,
    # Where the log ends, the sum of all checksums of persons and faces, and the next free numbers.
    """
    CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        position INTEGER NOT NULL,
        chain TEXT NOT NULL,
        checksums INTEGER NOT NULL,
        next_person_row INTEGER NOT NULL,
        next_face_row INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE persons (
        person_row INTEGER PRIMARY KEY,
        person_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        metadata TEXT NOT NULL,
        created_unix_s REAL NOT NULL,
        expires_unix_s REAL,
        salt TEXT NOT NULL,
        checksum INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE faces (
        face_row INTEGER PRIMARY KEY,
        face_id TEXT NOT NULL UNIQUE,
        person_row INTEGER NOT NULL REFERENCES persons,
        slot INTEGER NOT NULL,
        vector_sum INTEGER NOT NULL,
        source TEXT NOT NULL,
        source_sha256 TEXT NOT NULL,
        quality TEXT NOT NULL,
        crop_sum INTEGER NOT NULL,
        enrolled_unix_s REAL NOT NULL,
        salt TEXT NOT NULL,
        checksum INTEGER NOT NULL
    )
    """,
    "CREATE INDEX faces_by_person ON faces (person_row)",
    # One entry for each change of a row: the audit log, and what other processes follow.
    """
    CREATE TABLE log (
        position INTEGER PRIMARY KEY,
        at_unix_s REAL NOT NULL,
        change TEXT NOT NULL,
        person_row INTEGER NOT NULL,
        face_row INTEGER NOT NULL,
        commitment TEXT NOT NULL,
        chain TEXT NOT NULL
    )
    """,
    # Answers to repeat: the same request_id with the same contents is not carried out again.
    # Both are kept as keyed hashes.
    """
    CREATE TABLE requests (
        request_id TEXT PRIMARY KEY,
        contents TEXT NOT NULL,
        answer TEXT NOT NULL,
        at_unix_s REAL NOT NULL,
        checksum INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX requests_by_time ON requests (at_unix_s)",
    "CREATE INDEX persons_by_expiry ON persons (expires_unix_s) WHERE expires_unix_s IS NOT NULL",
)

PERSON_COLUMNS = (
    "person_row, person_id, name, metadata, created_unix_s, expires_unix_s, salt, checksum"
)
PROGRESS_COLUMNS = "id, position, chain, checksums, next_person_row, next_face_row, checksum"
FACE_COLUMNS = (
    "face_row, face_id, person_row, slot, vector_sum, source, source_sha256, quality, "
    "crop_sum, enrolled_unix_s, salt, checksum"
)
# Lists and mappings as JSON, because the number of parameters of a statement has a limit.
IN_NUMBERS = "IN (SELECT value AS number FROM json_each(?)) "
IN_TEXTS = "IN (SELECT value AS text FROM json_each(?)) "
HAS_METADATA = """NOT EXISTS (
    SELECT 1 FROM json_each(?) AS wanted WHERE NOT EXISTS (
        SELECT 1 FROM json_each(metadata) AS had
        WHERE had.key = wanted.key AND had.value = wanted.value))
"""
LOG_COLUMNS = "position, at_unix_s, change, person_row, face_row, commitment, chain"


def make_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables in an empty database."""
    for table in TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Names and SQL of all tables and indexes."""
    return connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()


def schema_expected() -> list[tuple[str, str]]:
    """What `schema_of` finds in a gallery of this format."""
    connection = sqlite3.connect(":memory:")
    try:
        make_tables(connection)
        return schema_of(connection)
    finally:
        connection.close()
