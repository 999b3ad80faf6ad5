"""What a deduplication looks for, and within which limits."""

from dataclasses import dataclass, field

from facenet_res.core.errors import ConfigInvalid
from facenet_res.imaging.decode import ImageLimits

WORKERS_MAX = 256
THUMBNAIL_PX_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupConfig:
    """Settings of one run.

    `limits` and `faces_a_photo_max`, and the recognizer's settings, decide which earlier results
    are used again.

    Attributes:
        similarity_min: least cosine of two faces of one person, in [-1, 1]; the model's threshold.
        fmr: the rate that threshold was measured for; 0 where it was set by hand.
        near_copies: whether changed copies are looked for, or byte-equal files only.
        face_side_px_min: smaller faces are counted but not grouped: they resemble everybody.
        face_score_min: as before, for the detector's confidence, in [0, 1].
        faces_a_photo_max: the largest faces of each photo are taken.
        workers: threads that read and decode.
        limits: larger files are skipped and listed.
        html_groups_max: groups of each kind on the HTML page; JSON and CSV hold all of them.
        html_photos_max: thumbnails of one group on the HTML page.
        thumbnail_px: longest side of a thumbnail.
    """

    similarity_min: float = 0.5
    fmr: float = 0.0
    near_copies: bool = True
    face_side_px_min: float = 24.0
    face_score_min: float = 0.9
    faces_a_photo_max: int = 512
    workers: int = 2
    limits: ImageLimits = field(default_factory=ImageLimits)
    html_groups_max: int = 200
    html_photos_max: int = 12
    thumbnail_px: int = 176

    def __post_init__(self) -> None:
        self._check("similarity_min", -1, 1)
        self._check("fmr", 0, 1)
        self._check("face_side_px_min", 0, self.limits.side_px_max)
        self._check("face_score_min", 0, 1)
        self._check("faces_a_photo_max", 1, 512)
        self._check("workers", 1, WORKERS_MAX)
        self._check("html_groups_max", 0, 10_000)
        self._check("html_photos_max", 2, 1_000)
        self._check("thumbnail_px", 16, THUMBNAIL_PX_MAX)

    def _check(self, name: str, least: float, most: float) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise ConfigInvalid(f"{name} must be in [{least}, {most}], got {value}")
