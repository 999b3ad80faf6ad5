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
        calibration: pairs of an FMR and its threshold, the highest rate first. Where given, a
            large set is grouped at a lower rate than `fmr`; see `person_threshold`.
        only: paths of the files to take, relative to the folder; None for all.
        near_copies: whether changed copies are looked for, or byte-equal files only.
        face_side_px_min: smaller faces are counted but not grouped: they resemble everybody.
        face_score_min: as before, for the detector's confidence, in [0, 1].
        face_sharpness_min: as before, for the sharpness of the aligned crop; see `FaceQuality`.
        face_yaw_share_max: as before, for how far a face is turned to the side.
        identities: whether each folder in the folder is one enrolled identity, of which two that
            are one person are listed.
        two_in_an_image: whether two faces of one image may be one person (a collage, a mirror).
        faces_a_photo_max: the largest faces of each photo are taken.
        workers: threads that read and decode.
        limits: larger files are skipped and listed.
        thumbnail_px: longest side of a face on the page.
    """

    similarity_min: float = 0.5
    fmr: float = 0.0
    calibration: tuple[tuple[float, float], ...] = ()
    only: frozenset[str] | None = None
    near_copies: bool = True
    face_side_px_min: float = 24.0
    face_score_min: float = 0.9
    face_sharpness_min: float = 20.0
    face_yaw_share_max: float = 0.5
    identities: bool = False
    two_in_an_image: bool = False
    faces_a_photo_max: int = 512
    workers: int = 2
    limits: ImageLimits = field(default_factory=ImageLimits)
    thumbnail_px: int = 176

    def __post_init__(self) -> None:
        self._check("similarity_min", -1, 1)
        self._check("fmr", 0, 1)
        self._check("face_side_px_min", 0, self.limits.side_px_max)
        self._check("face_score_min", 0, 1)
        self._check("face_sharpness_min", 0, 1e6)
        self._check("face_yaw_share_max", 0, 100)
        self._check("faces_a_photo_max", 1, 512)
        self._check("workers", 1, WORKERS_MAX)
        self._check("thumbnail_px", 16, THUMBNAIL_PX_MAX)

    def _check(self, name: str, least: float, most: float) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise ConfigInvalid(f"{name} must be in [{least}, {most}], got {value}")
