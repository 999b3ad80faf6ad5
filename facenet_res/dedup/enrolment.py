"""Hands the named people of a report over to a gallery."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from facenet_res.core.errors import InputError
from facenet_res.dedup.types import Groups, PersonFace

if TYPE_CHECKING:
    from facenet_res.core.types import Face
    from facenet_res.recognizer.gallery import Gallery

_SAME_FACE_IOU: Final = 0.5


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of one face.

    Attributes:
        person_id: the name that the group was given.
        path: of the image.
        message: why the face was not enrolled; "" where it was, or had been before.
    """

    person_id: str
    path: str
    message: str = ""


def enroll_people(folder: Path, groups: Groups, gallery: "Gallery") -> Iterator[HandedOver]:
    """Enrols every face of the people that have a name, the set aside ones left out.

    The faces are embedded anew by the gallery's own recognizer, which may be another one.

    Args:
        folder: of the images.
        groups: of the last run.
        gallery: open for writing; the name becomes person id and display name.

    Raises:
        DiskFull, GalleryInvalid: the gallery cannot be written.
    """
    names = Counter(group.name for group in groups.people)
    for group in groups.people:
        for face in group.faces if group.name else ():
            if face.weakness:
                yield HandedOver(group.name, face.path, f"set aside: {face.weakness}")
            elif names[group.name] > 1:
                message = f"{names[group.name]} groups are named {group.name}: join them first"
                yield HandedOver(group.name, face.path, message)
            else:
                yield HandedOver(group.name, face.path, _enroll(folder, group.name, face, gallery))


def _enroll(folder: Path, name: str, wanted: PersonFace, gallery: "Gallery") -> str:
    try:
        image = gallery.recognizer.open_image(folder / wanted.path)
        found = gallery.recognizer.embed(image)
        face = max(found, key=lambda each: each.box.iou(wanted.box), default=None)
        if face is None or not _is_same(face, wanted):
            return "the face is not found again"
        gallery.enroll_face(name, face, image=image, source=folder / wanted.path, display_name=name)
    except InputError as error:
        return str(error)
    return ""


def _is_same(face: "Face", wanted: PersonFace) -> bool:
    return face.box.iou(wanted.box) >= _SAME_FACE_IOU
