"""People and faces as lines of JSON: to move them to another gallery, or out of one.

The first line names format, model and dimension; each other one is a person with all faces. An
embedding is base64 of little-endian float32[D], a crop base64 of uint8[112, 112, 3].
"""

import base64
import binascii
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.errors import DataInvalid, FileMissing, ModelMismatch
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.core.types import FACE_SIDE_PX, FaceQuality
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment, Person, PersonUpdate

FORMAT = 1
PEOPLE_AT_ONCE = 500


def export_people(gallery: EmbeddingGallery, file: Path) -> Counts:
    """Writes everybody to a new file, for its owner only; how many people and faces.

    Raises:
        DiskFull, NotWritable: the file is there already or cannot be written.
    """
    people = faces = 0
    header = {
        "format": FORMAT,
        "model_id": gallery.info.model_id,
        "embedding_dim": gallery.info.embedding_dim,
    }
    try:
        file.touch(OWNER_ONLY, exist_ok=False)
        with file.open("w", encoding="utf-8") as out:
            out.write(json.dumps(header) + "\n")
            for person in _everybody(gallery):
                out.write(json.dumps(_exported(gallery, person), ensure_ascii=False) + "\n")
                people, faces = people + 1, faces + len(person.faces)
    except OSError as error:
        raise write_fault(file, error) from error
    return Counts(people, faces)


def import_people(gallery: EmbeddingGallery, file: Path) -> Counts:
    """Enrols everybody of a file. A face that is there already is left as it is.

    Each person is imported as a whole; importing again after an error goes on where it ended.

    Raises:
        FileMissing: the file cannot be read.
        DataInvalid: a line is none of ours; people of the lines before are imported.
        ModelMismatch: the embeddings are of another model.
        FaceExists: a face id is taken by another face.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            return _import(gallery, file, lines)
    except (OSError, UnicodeDecodeError) as error:
        raise FileMissing(f"cannot read {file}: {error}") from error


def _import(gallery: EmbeddingGallery, file: Path, lines: Any) -> Counts:
    people = faces = 0
    for number, line in enumerate(lines, start=1):
        try:
            document = json.loads(line)
            if number == 1:
                _check_header(gallery, document)
                continue
            person_id, update, enrollments = _imported(document)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise DataInvalid(f"{file}, line {number}: not an exported person ({error})") from error
        gallery.enroll_many(enrollments)
        # A person without a face is made by being given none.
        gallery.move_faces([], person_id)
        gallery.update_person(person_id, update)
        people, faces = people + 1, faces + len(enrollments)
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
        ],
    }


def _check_header(gallery: EmbeddingGallery, header: dict[str, Any]) -> None:
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']}, {FORMAT} is read")
    info = gallery.info
    if (header["model_id"], header["embedding_dim"]) != (info.model_id, info.embedding_dim):
        raise ModelMismatch(
            f"the file is of model {header['model_id']!r}, the gallery of {info.model_id!r}"
        )


def _imported(document: dict[str, Any]) -> tuple[str, PersonUpdate, list[Enrollment]]:
    person_id = document["person_id"]
    expires = document["expires_unix_s"]
    update = PersonUpdate(
        name=document["name"],
        metadata=document["metadata"],
        expires_unix_s=math.inf if expires is None else float(expires),
    )
    enrollments = [
        Enrollment(
            person_id=person_id,
            embedding=np.frombuffer(base64.b64decode(face["embedding"]), "<f4"),
            face_id=face["face_id"],
            source=face["source"],
            source_sha256=face["source_sha256"],
            quality=FaceQuality(**face["quality"]) if face["quality"] else None,
            crop=None if face["crop"] is None else _crop(face["crop"]),
        )
        for face in document["faces"]
    ]
    return person_id, update, enrollments


def _crop(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    content = np.frombuffer(base64.b64decode(text), np.uint8)
    return content.reshape(FACE_SIDE_PX, FACE_SIDE_PX, 3)


def _text(array: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
