"""An image file, as bytes or by its path, to the embeddings of the faces in it."""

from dataclasses import dataclass

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Detection, Embeddings, Face, Faces
from facenet_res.faces.detector import Detector, the_only
from facenet_res.faces.photograph import find_faces
from facenet_res.faces.quality import measure_quality
from facenet_res.imaging.decode import ImageLimits
from facenet_res.imaging.lazy_image import ImageSource, LazyImage

FACES_MAX = 512


@dataclass(frozen=True, slots=True, eq=False)
class FoundFaces:
    """The faces of one image, before they are embedded.

    Attributes:
        width_px: of the upright image.
        height_px: of the upright image.
        detections: largest face first; empty where there is none.
        crops: uint8[B, 112, 112, 3] RGB, the aligned faces in the same order.
    """

    width_px: int
    height_px: int
    detections: tuple[Detection, ...]
    crops: Faces

    def embedded(self, embeddings: Embeddings) -> list[Face]:
        """Joins the faces with their embeddings, float32[B, D]."""
        return [
            Face(
                box=detection.box,
                landmarks=detection.landmarks,
                detection_score=detection.score,
                quality=measure_quality(detection, crop),
                crop=crop,
                embedding=embedding,
            )
            for detection, embedding, crop in zip(
                self.detections, embeddings, self.crops, strict=True
            )
        ]

    def only_one(self, *, largest: bool = False) -> "FoundFaces":
        """The same image with one face.

        Args:
            largest: whether to take the largest of several faces instead of refusing.

        Raises:
            NoFace: there is none.
            SeveralFaces: there are several, and the largest will not do.
        """
        the_only(list(self.detections), largest=largest)
        return FoundFaces(self.width_px, self.height_px, self.detections[:1], self.crops[:1])


class FacePipeline:
    """Decodes, detects, aligns, embeds. Safe to call from several threads."""

    def __init__(
        self, detector: Detector, embedder: Embedder, limits: ImageLimits | None = None
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._limits = limits or ImageLimits()

    @property
    def embedder(self) -> Embedder:
        """The network; its model id is that of every embedding made here."""
        return self._embedder

    @property
    def limits(self) -> ImageLimits:
        """The largest image that is taken."""
        return self._limits

    def find(self, image: ImageSource, faces_max: int | None = None) -> FoundFaces:
        """Finds and aligns the faces of an image.

        Args:
            image: a path, the bytes of an image file, or uint8[H, W, 3] RGB.
            faces_max: how many of the largest faces are wanted, at least 1; None for all, which
                is 512 at most.

        Raises:
            ImageUnreadable: the bytes are no whole image.
            ImageTooLarge: a limit is exceeded.
            FileMissing: the path names nothing that can be read.
            ArgumentInvalid: faces_max is below 1, or the image is of another type.
        """
        if faces_max is not None and faces_max < 1:
            raise ArgumentInvalid(f"faces_max must be at least 1, got {faces_max}")
        opened = LazyImage.open(image, self._limits)
        found = find_faces(opened, self._detector, min(faces_max or FACES_MAX, FACES_MAX))
        width_px, height_px = opened.size_px
        return FoundFaces(width_px, height_px, found.detections, found.crops)

    def embed(self, image: ImageSource, faces_max: int | None = None) -> list[Face]:
        """Every face of an image, largest first; an empty list where there is none.

        Args:
            image: a path, the bytes of an image file, or uint8[H, W, 3] RGB.
            faces_max: see `find`.

        Raises:
            ImageUnreadable: the bytes are no whole image.
            ImageTooLarge: a limit is exceeded.
            FileMissing: the path names nothing that can be read.
            ArgumentInvalid: faces_max is below 1, or the image is of another type.
        """
        return self.embed_found(self.find(image, faces_max))

    def embed_one(self, image: ImageSource, *, largest: bool = False) -> Face:
        """The one face of an image.

        Args:
            image: a path, the bytes of an image file, or uint8[H, W, 3] RGB.
            largest: whether to take the largest of several faces instead of refusing.

        Raises:
            NoFace: there is none.
            SeveralFaces: there are several, and the largest will not do.
            ImageUnreadable: the bytes are no whole image.
            ImageTooLarge: a limit is exceeded.
            FileMissing: the path names nothing that can be read.
            ArgumentInvalid: the image is of another type.
        """
        return self.embed_found(self.find(image).only_one(largest=largest))[0]

    def embed_found(self, found: FoundFaces) -> list[Face]:
        """Embeds faces that `find` returned."""
        if not found.detections:
            return []
        return found.embedded(self._embedder.embed(found.crops))
