"""Compiled networks on the user's disk, so that a start takes the time of reading one.

A file is the SHA-256 of its blob and the blob, written beside its place and renamed into it: of
several processes that start at once each reads a whole file or makes its own. What fails its hash
is taken for absent. Nothing here is needed to compute; a full or read-only disk only costs time.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from facenet_res.core.errors import DiskFull, NotWritable
from facenet_res.core.files import OWNER_ONLY, write_atomically

FILES_MAX = 8
DIGEST_BYTES = 32

log = logging.getLogger(__name__)


class CompiledCache:
    """Blobs of one model under keys of everything that decides what was compiled."""

    def __init__(self, folder: Path, model_id: str, key: Mapping[str, object]) -> None:
        """Takes the folder for all models, and JSON values that name one compilation."""
        document = json.dumps(dict(key), sort_keys=True).encode()
        name = hashlib.sha256(document).hexdigest()[:24]
        self._folder = folder
        self._model_id = model_id
        self.path = folder / f"{model_id}-{name}.blob"

    def read(self) -> bytes | None:
        """The blob, or None where there is none, or a damaged one."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        blob = content[DIGEST_BYTES:]
        if hashlib.sha256(blob).digest() != content[:DIGEST_BYTES]:
            log.warning("%s is damaged and is made anew", self.path)
            return None
        return blob

    def write(self, blob: bytes) -> None:
        """Keeps a blob; the oldest of more than 8 files go. A failure is logged and forgotten."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self.path, hashlib.sha256(blob).digest() + blob, OWNER_ONLY)
            self._drop_oldest()
        except (DiskFull, NotWritable, OSError) as error:
            log.warning("the compiled network is not kept: %s", error)

    def _drop_oldest(self) -> None:
        files = sorted(self._folder.glob("*.blob"), key=lambda file: -file.stat().st_mtime)
        for file in files[FILES_MAX:]:
            file.unlink(missing_ok=True)
