"""The values that the stages hand to each other, and the report that comes out."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Box


class Stage(StrEnum):
    """The stages in their order."""

    SCAN = "scan"
    READ = "read"
    PAIRS = "pairs"
    CLUSTER = "cluster"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file that starts like a photo. `path` is relative to the folder, with "/" between parts.

    Attributes:
        path: as above.
        bytes: size of the file; `mtime_ns` is when it was last changed.
        sha256: 64 hexadecimal digits.
        link: names the file on its disk where it has several names (hard links); else "".
    """

    path: str
    bytes: int
    mtime_ns: int
    sha256: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that takes no part, and why.

    Attributes:
        path: relative to the folder.
        reason: stable name: that of the error, or NOT_A_PHOTO, SYMLINK,
            EARLIER_RESULTS, FILE_CHANGED.
        message: for people.
    """

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFaces:
    """The faces of many photos, one row a face, photo by photo, largest first.

    Attributes:
        sha256: of the photo, one for each face.
        boxes: float32[K, 4], x0 y0 x1 y1 in px of the upright picture.
        scores: float32[K].
        quality: float32[K, 4]: eye distance in px, roll in degrees, yaw share, sharpness; see
            `FaceQuality`.
        embeddings: float16[K, D]; half precision moves a cosine by less than 0.001.
    """

    sha256: tuple[str, ...]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    quality: NDArray[np.float32]
    embeddings: NDArray[np.float16]

    def box(self, row: int) -> Box:
        """The box of one face."""
        return Box(*(round(float(side), 1) for side in self.boxes[row]))


class CopyKind(StrEnum):
    """How a file of a group of copies relates to the one to keep; the first four are one image."""

    KEEP = "keep"
    BYTE_EQUAL = "byte-equal"
    SAME_PIXELS = "same pixels"
    REENCODED = "re-encoded"
    EDITED = "edited"
    OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class CopyMember:
    """One file of a group of copies.

    Attributes:
        path: relative to the folder.
        bytes: size of the file.
        width_px: of the upright picture; likewise `height_px`.
        sha256: 64 hexadecimal digits.
        kind: what it is to the one suggested to be kept.
        changes: what was done to it, for people: "mirrored", "cropped to 81 %", ...
        similarity: correlation of its pixels with those of the kept one, in [0, 1].
        shown: x0, y0, x1, y1 of the kept image that it shows, in shares of the frame.
        overlay: x0, y0, x1, y1 of the kept image where something was laid over; or empty.
        kept_because: why the kept one is kept rather than this one; "" for byte-equal files.
        link: see `PhotoFile`.
    """

    path: str
    bytes: int
    width_px: int
    height_px: int
    sha256: str
    kind: CopyKind
    changes: tuple[str, ...]
    similarity: float
    shown: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)
    overlay: tuple[float, ...] = ()
    kept_because: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Files that hold one photograph, the one to keep first, the others by path."""

    group_id: str
    members: tuple[CopyMember, ...]

    @property
    def excess_bytes(self) -> int:
        """Bytes of all but the one to keep; a hard link to what is counted takes none."""
        links = {self.members[0].link} - {""}
        total = 0
        for member in self.members[1:]:
            if member.link not in links:
                total += member.bytes
            links |= {member.link} - {""}
        return total


@dataclass(frozen=True, slots=True)
class Container:
    """An image that contains another beside content of its own: a collage, a page. No copy.

    Attributes:
        path: of the collage.
        sha256: of the collage.
        part_path: of the image that it contains.
        part_sha256: of that image.
        box: x0, y0, x1, y1 of the collage where the image is, in shares of the frame.
    """

    path: str
    sha256: str
    part_path: str
    part_sha256: str
    box: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PersonFace:
    """One face of a person.

    Attributes:
        path: the photo, the kept one of its copies.
        sha256: of the photo.
        number: of the face in it, the largest first, from 0.
        box: where the face is.
        score: the detector's confidence.
        similarity: mean to the person's other faces; over the group at least the threshold.
        copies: paths of the photo's copies: they show the same person.
        weakness: "small", "uncertain", "blurred", "turned": why the face opened no group; or "".
    """

    path: str
    sha256: str
    number: int
    box: Box
    score: float
    similarity: float
    copies: tuple[str, ...]
    weakness: str = ""


@dataclass(frozen=True, slots=True)
class PersonGroup:
    """Faces in different photographs that are one person's, by path. `name` was given by hand."""

    group_id: str
    faces: tuple[PersonFace, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class FaceSetAside:
    """A face that is in no group because it is too weak to open one, and why."""

    path: str
    sha256: str
    number: int
    box: Box
    weakness: str


@dataclass(frozen=True, slots=True)
class FacesAlike:
    """An oddity: two faces in one photo that look like one person (a collage, a mirror, twins)."""

    path: str
    sha256: str
    numbers: tuple[int, int]
    first: Box
    second: Box
    similarity: float


@dataclass(frozen=True, slots=True)
class IdentityDuplicate:
    """Two folders of enrolled people that look like one; the faces are those closest to the other.

    Attributes:
        similarity: cosine of the means of their faces, in [-1, 1].
    """

    first: str
    second: str
    similarity: float
    first_face: PersonFace
    second_face: PersonFace


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures at the top of the report.

    Attributes:
        files: found in the folder, of every kind.
        photos: of these, read as photos, and `photo_bytes` what they take.
        byte_equal_copies: files that equal another, beyond the first of each.
        near_copies: changed copies, beyond the kept ones.
        excess_bytes: what these take.
        faces: in distinct photos.
        faces_compared: large and certain enough to be grouped, in kept photos.
        faces_set_aside: too weak for a group of their own.
        images_cut: with more faces than `faces_a_photo_max`: the smallest are left out.
        skipped: files that were not read.
    """

    files: int
    photos: int
    photo_bytes: int
    byte_equal_copies: int
    near_copies: int
    excess_bytes: int
    faces: int
    faces_compared: int
    faces_set_aside: int
    images_cut: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Groups:
    """What the cluster stage found; see `People` for the last four."""

    counts: Counts
    copies: tuple[CopyGroup, ...]
    containers: tuple[Container, ...]
    people: tuple[PersonGroup, ...]
    alike: tuple[FacesAlike, ...]
    set_aside: tuple[FaceSetAside, ...]
    skipped: tuple[SkippedFile, ...]
    nearest_histogram: tuple[int, ...] = ()
    identities: tuple[IdentityDuplicate, ...] = ()
    similarity_min: float = 0.0
    fmr: float = 0.0


@dataclass(frozen=True, slots=True)
class DedupReport:
    """The whole answer; the same input gives the same but for the two fields about time.

    Attributes:
        folder: that was searched.
        model_id: of the embeddings; "" where no faces were compared.
        similarity_min: least cosine that links two faces.
        fmr: that this threshold was measured for; 0 where set by hand.
        groups: what was found.
        finished_at: UTC, ISO 8601.
        seconds: that this run took, resumed work not counted.
    """

    folder: str
    model_id: str
    similarity_min: float
    fmr: float
    groups: Groups
    finished_at: str
    seconds: float
