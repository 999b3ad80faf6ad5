"""The check of everything in a gallery, of either kind."""

from contextlib import closing, suppress
from dataclasses import dataclass

from facenet_res.core.errors import GalleryInvalid, UnknownFace
from facenet_res.gallery import checking, views
from facenet_res.gallery.checksums import CHAIN_START, chain_hash
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.opening import Place, open_store
from facenet_res.gallery.records import RequestRow, opened
from facenet_res.gallery.types import Counts

ENTRIES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of a gallery has found.

    Attributes:
        counts: people and faces.
        log_entries: entries of the audit log, their chain unbroken.
        crops: crops that match their checksums.
        position: of the log.
    """

    counts: Counts
    log_entries: int
    crops: int
    position: int


def check(place: Place) -> CheckReport:
    """Checks everything in a gallery: structure, rows, embeddings, crops, log, kept answers.

    Raises:
        FileMissing: there is no gallery.
        GalleryInvalid: it is damaged; the message says where, and what to do.
    """
    with closing(open_store(place, read_only=True)) as store:
        counts = store.counts()
        store.check_structure()
        with store.truth() as (connection, _):
            progress = checking.read_progress(connection)
            checking.read_table(connection, progress)
            entries = _check_log(connection, progress.chain, progress.position)
            for columns in connection.execute("SELECT * FROM requests"):
                opened(RequestRow, columns)
            with_crop = connection.execute(
                "SELECT face_id FROM faces WHERE crop_sum <> 0"
            ).fetchall()
        for (face_id,) in with_crop:
            # A face may be deleted while its crop is read: only one that stays is damaged.
            with suppress(UnknownFace):
                store.crop(face_id)
    return CheckReport(counts, entries, len(with_crop), progress.position)


def _check_log(connection: Connection, chain_wanted: str, position: int) -> int:
    """Follows the chain of the audit log from its beginning; how many entries it has."""
    chain, after = CHAIN_START, 0
    while entries := views.read_log(connection, after, ENTRIES_AT_ONCE):
        for row, stored in entries:
            chain = chain_hash(chain, row)
            if row.position != after + 1 or chain.hex() != stored:
                raise GalleryInvalid(
                    f"the audit log is damaged or was changed at entry {row.position}; "
                    "restore a backup"
                )
            after = row.position
        views.check_commitments(connection, entries[0][0].position, after)
    if (after, chain.hex()) != (position, chain_wanted if position else CHAIN_START.hex()):
        raise GalleryInvalid("entries at the end of the audit log are missing; restore a backup")
    return after
