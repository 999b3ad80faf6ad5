"""People and faces as lines of JSON: to move them to another gallery, or out of one.

The first line names format, model and dimension; each other one is a person with all faces. An
embedding is base64 of little-endian float32[D], a crop base64 of uint8[112, 112, 3]. The last line
has counts and the SHA-256 of all lines before it, so that a file that was cut short is noticed.
"""

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facenet_res.core.errors import (
    ArgumentInvalid,
    ArrayInvalid,
    DataInvalid,
    FileMissing,
    ModelMismatch,
)
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.core.types import FACE_SIDE_PX, FaceQuality
from facenet_res.gallery.changes import import_person
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.one_state import on_one_state
from facenet_res.gallery.transaction import Transaction
from facenet_res.gallery.types import Counts, Enrollment, Person, PersonUpdate

FORMAT = 2
PEOPLE_AT_ONCE = 500


class _Imported(NamedTuple):
    person_id: str
    update: PersonUpdate
    enrollments: list[Enrollment]


def export_people(gallery: EmbeddingGallery, file: Path) -> Counts:
    """Writes everybody, as of one moment, to a new file for its owner only; how many there are.

    It is written again while others change the gallery; at last they wait for it. Where it raises,
    there is no file.

    Raises:
        DiskFull, NotWritable: the file is there already or cannot be written.
        QueueFull: a read-only gallery is changed too fast by another process.
    """
    try:
        file.touch(OWNER_ONLY, exist_ok=False)
    except OSError as error:
        raise write_fault(file, error) from error
    try:
        return on_one_state(gallery.store, lambda: _write(gallery, file))
    except BaseException:
        file.unlink()
        raise


def import_people(gallery: EmbeddingGallery, file: Path) -> Counts:
    """Enrols everybody of a file in one transaction: all of them or, where it raises, nobody.

    A face that is there already is left as it is. Other changes wait meanwhile.

    Raises:
        FileMissing: the file cannot be read.
        DataInvalid: the file is truncated or damaged, or a line is no person.
        ModelMismatch: the embeddings are of another model.
        FaceExists: a face id is taken by another face.
        DiskFull: nothing was written.
    """
    # The whole file is checked before the first row is written.
    for _ in _people_of(gallery, file):
        pass

    def change(transaction: Transaction) -> Counts:
        people = faces = 0
        for one in _people_of(gallery, file):
            import_person(transaction, *one, gallery.limits.faces_per_person_max)
            people, faces = people + 1, faces + len(one.enrollments)
        return Counts(people, faces)

    return gallery.store.change(change)


def _write(gallery: EmbeddingGallery, file: Path) -> Counts:
    people = faces = 0
    header = {
        "format": FORMAT,
        "model_id": gallery.info.model_id,
        "embedding_dim": gallery.info.embedding_dim,
    }
    digest = hashlib.sha256()
    try:
        with file.open("wb") as out:

            def put(document: dict[str, Any]) -> None:
                line = json.dumps(document, ensure_ascii=False).encode() + b"\n"
                digest.update(line)
                out.write(line)

            put(header)
            for person in _everybody(gallery):
                put(_exported(gallery, person))
                people, faces = people + 1, faces + len(person.faces)
            put({"people": people, "faces": faces, "sha256": digest.hexdigest()})
    except OSError as error:
        raise write_fault(file, error) from error
    return Counts(people, faces)


def _everybody(gallery: EmbeddingGallery) -> Iterator[Person]:
    page: list[Person] = []
    while page := gallery.people(PEOPLE_AT_ONCE, page[-1].person_id if page else ""):
        yield from page


def _exported(gallery: EmbeddingGallery, person: Person) -> dict[str, Any]:
    vectors = gallery.embeddings_of(person.person_id)
    return {
        "person_id": person.person_id,
        "name": person.name,
        "metadata": dict(person.metadata),
        "expires_unix_s": None if math.isinf(person.expires_unix_s) else person.expires_unix_s,
        "faces": [
            {
                "face_id": face.face_id,
                "source": face.source,
                "source_sha256": face.source_sha256,
                "quality": asdict(face.quality) if face.quality else None,
                "embedding": _text(vectors[face.face_id].astype("<f4")),
                "crop": _text(gallery.crop(face.face_id)) if face.has_crop else None,
            }
            for face in person.faces
            # A face deleted since is not of the state that is written in the end.
            if face.face_id in vectors
        ],
    }


def _people_of(gallery: EmbeddingGallery, file: Path) -> Iterator[_Imported]:
    """The people of a file, each checked; raises at its end where it is not whole."""
    digest, people, faces = hashlib.sha256(), 0, 0
    end: dict[str, Any] | None = None
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    document = json.loads(line)
                    if end is not None:
                        raise ValueError("a line follows the last")
                    if number == 1:
                        _check_header(gallery, document)
                    elif "sha256" in document:
                        end = {"people": people, "faces": faces, "sha256": digest.hexdigest()}
                        if document != end:
                            raise ValueError(f"the lines before are not whole: {end} is found")
                    else:
                        one = _imported(gallery, document)
                        people, faces = people + 1, faces + len(one.enrollments)
                        yield one
                except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                    raise DataInvalid(
                        f"{file}, line {number}: not an exported person ({error})"
                    ) from error
                except (ArgumentInvalid, ArrayInvalid) as error:
                    raise DataInvalid(f"{file}, line {number}: {error}") from error
                digest.update(line)
    except OSError as error:
        raise FileMissing(f"cannot read {file}: {error.strerror}") from error
    if end is None:
        raise DataInvalid(f"{file} is truncated: its last line is missing; export it again")


def _check_header(gallery: EmbeddingGallery, header: dict[str, Any]) -> None:
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']}, {FORMAT} is read")
    info = gallery.info
    if (header["model_id"], header["embedding_dim"]) != (info.model_id, info.embedding_dim):
        raise ModelMismatch(
            f"the file is of model {header['model_id']!r}, the gallery of {info.model_id!r}"
        )


def _imported(gallery: EmbeddingGallery, document: dict[str, Any]) -> _Imported:
    person_id = gallery.limits.check_id("person_id", document["person_id"])
    expires = document["expires_unix_s"]
    update = PersonUpdate(
        name=document["name"],
        metadata=document["metadata"],
        expires_unix_s=math.inf if expires is None else float(expires),
    )
    gallery.limits.check_update(update)
    return _Imported(
        person_id, update, [_enrollment(gallery, person_id, face) for face in document["faces"]]
    )


def _enrollment(gallery: EmbeddingGallery, person_id: str, face: dict[str, Any]) -> Enrollment:
    quality = face["quality"]
    if face["face_id"] is None:
        raise ValueError("a face has no id")
    return gallery.checked(
        Enrollment(
            person_id=person_id,
            embedding=np.frombuffer(base64.b64decode(face["embedding"], validate=True), "<f4"),
            face_id=face["face_id"],
            source=face["source"],
            source_sha256=face["source_sha256"],
            quality=FaceQuality(**{key: float(value) for key, value in quality.items()})
            if quality
            else None,
            crop=None if face["crop"] is None else _crop(face["crop"]),
        )
    )


def _crop(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    content = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    return content.reshape(FACE_SIDE_PX, FACE_SIDE_PX, 3)


def _text(array: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
