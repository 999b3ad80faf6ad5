"""The centre of the library: detector, network, calibration and decision rule in one object.

    with FaceRecognizer() as recognizer:
        faces = recognizer.embed("party.jpg")
        result = recognizer.verify("passport.jpg", "selfie.jpg", fmr=1e-4)

Server, command line, deduplication and evaluation receive one of these; nothing else joins a
detector with a network or decides a match.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from facenet_res.core.artifact import read_artifact
from facenet_res.core.embedder import Embedder
from facenet_res.core.files import given_path
from facenet_res.core.manifest import FMR_DEFAULT, CaptureRange, Manifest
from facenet_res.core.model_names import model_folder
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.ordered import ordered_map
from facenet_res.core.types import Embeddings, Face, Faces, ImageResult, Verification
from facenet_res.faces.detector import Detector, only_face
from facenet_res.faces.image_faces import detect_faces
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.recognizer.info import RecognizerInfo
from facenet_res.recognizer.steps import (
    AnyImage,
    check_faces_max,
    compare,
    embed_image,
    embedded,
    several_images,
    stacked,
    with_embeddings,
)

if TYPE_CHECKING:
    from facenet_res.dedup.config import DedupConfig
    from facenet_res.dedup.progress import OnProgress
    from facenet_res.dedup.types import DedupReport
    from facenet_res.recognizer.gallery import Gallery

FACES_MAX: Final = 512
"""Most faces of one image; the largest are kept."""


class FaceRecognizer:
    """Detects, aligns, embeds and compares faces. Safe to call from several threads.

    Images are paths (`str` or `os.PathLike`), the bytes of an image file, or uint8[H, W, 3] RGB.
    Every method that takes one raises:

        ImageUnreadable: the file is no image, or pixels are missing.
        ImageTooLarge: it exceeds a limit of `RecognizerConfig.limits`.
        FileMissing: the path names no file that can be read.
        ArgumentInvalid, ArrayInvalid: another type, or an array of another shape or dtype.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        config: RecognizerConfig | None = None,
        **settings: Any,
    ) -> None:
        """Loads the detector and the network.

        Args:
            model: a name that `list_models` lists, or a model folder; None for the default.
            config: settings that are not given by name.
            **settings: fields of `RecognizerConfig`: detector, engine, device, precision, ...

        Raises:
            FileMissing: the model folder, a file of it or the detector's file does not exist.
            ArtifactInvalid: the model folder is damaged or incomplete.
            ConfigInvalid: a setting is unknown, out of range or does not fit the engine.
            EngineUnavailable: the engine is not installed, or lacks what was asked for.
        """
        if model is not None:
            settings["model"] = model
        self.config = (config or RecognizerConfig()).replaced(settings)
        artifact = read_artifact(model_folder(self.config.model))
        self.manifest: Manifest = artifact.manifest
        if self.manifest.thresholds and self.config.fmr != FMR_DEFAULT:
            # A rate that the model is not calibrated for is refused here, not when it is used.
            self.manifest.threshold_at(self.config.fmr)
        self.detector: Detector = self.config.open_detector()
        backend = open_backend(artifact, self.config.backend())
        self.embedder: Embedder = BackendEmbedder(backend, self.manifest, flip=self.config.flip)

    @classmethod
    def of(
        cls,
        detector: Detector,
        embedder: Embedder,
        manifest: Manifest | None = None,
        config: RecognizerConfig | None = None,
    ) -> "FaceRecognizer":
        """Joins a detector and an embedder of one's own; without a manifest it is uncalibrated."""
        recognizer = cls.__new__(cls)
        recognizer.config = config or RecognizerConfig()
        recognizer.detector, recognizer.embedder = detector, embedder
        recognizer.manifest = manifest or Manifest(
            model_id=embedder.model_id, embedding_dim=embedder.embedding_dim
        )
        return recognizer

    @property
    def capture(self) -> CaptureRange:
        """The faces that are compared, and that the thresholds hold for."""
        return self.config.capture_of(self.manifest.capture)

    def info(self) -> RecognizerInfo:
        """Model, engine, detector, thresholds and terms of use."""
        return RecognizerInfo.of(self.config, self.manifest, self.embedder)

    def open_image(self, image: AnyImage) -> LazyImage:
        """Opens an image within the limits; each method takes it in place of its source."""
        return LazyImage.open(image, self.config.limits)

    def detect(self, image: AnyImage, *, faces_max: int | None = None) -> list[Face]:
        """Detects and aligns the faces of an image; they are not embedded.

        Args:
            image: see the class.
            faces_max: most faces to return; None for all, which is 512 at most.

        Returns:
            Largest first; an empty list where there is none.
        """
        wanted = min(check_faces_max(faces_max) or FACES_MAX, FACES_MAX)
        return detect_faces(self.open_image(image), self.detector, wanted)

    def embed(self, image: AnyImage, *, faces_max: int | None = None) -> list[Face]:
        """Detects, aligns and embeds the faces of an image; see `detect`."""
        return self.embed_faces(self.detect(image, faces_max=faces_max))

    def embed_one(self, image: AnyImage, *, largest: bool = False) -> Face:
        """Embeds the face of an image that should show one.

        Raises:
            NoFace: no face is detected.
            SeveralFaces: several are, and `largest`, which takes the largest, is False.
        """
        return self.embed_faces([only_face(self.detect(image), largest=largest)])[0]

    def embed_faces(self, faces: Sequence[Face]) -> list[Face]:
        """Embeds faces that `detect` returned, in one pass of the network."""
        if not faces:
            return []
        embeddings = self.embed_aligned(stacked(faces))
        return with_embeddings(faces, embeddings, self.embedder.model_id)

    def embed_aligned(self, crops: Faces) -> Embeddings:
        """Embeds aligned crops.

        Args:
            crops: uint8[B, 112, 112, 3] RGB, aligned to the ArcFace template.

        Returns:
            float32[B, D], rows of unit length.

        Raises:
            ArrayInvalid: another shape or dtype, no crop, or one that the network cannot embed.
        """
        return self.embedder.embed(crops)

    def embed_many(
        self,
        images: str | os.PathLike[str] | Iterable[AnyImage],
        *,
        faces_max: int | None = None,
        workers: int = 2,
        on_progress: Callable[[int], None] | None = None,
    ) -> Iterator[ImageResult]:
        """Embeds the faces of many images, several at a time.

        Args:
            images: a folder, which stands for the images in it at any depth, or any number of
                images; they are opened a few ahead of the reader.
            faces_max: see `detect`.
            workers: threads, 1 to 256.
            on_progress: called in the reader's thread with the number of images done.

        Returns:
            One result for each image, in order, as soon as it is ready; an image that cannot be
            used is a result with its error.
        """
        check_faces_max(faces_max)
        images = several_images(images)
        work = partial(embed_image, self, faces_max=faces_max)
        return ordered_map(work, images, workers=workers, name="embed", on_progress=on_progress)

    def verify(
        self,
        probe: AnyImage | Face,
        reference: AnyImage | Face,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares two faces (1:1).

        Args:
            probe: an image that shows one face, or an embedded face.
            reference: the other one.
            fmr: false match rate to accept; the recognizer's default where None.
            threshold: or the least score that counts as a match, in [-1, 1].
            largest: take the largest of several faces rather than raise `SeveralFaces`.

        Raises:
            NoFace, SeveralFaces: an image shows not exactly one face; the message says which.
            FaceQualityLow: a face is too small or too blurred; see `RecognizerConfig`.
        """
        point = self.operating_point(fmr=fmr, threshold=threshold)
        first = embedded(self, "probe", probe, largest=largest)
        second = embedded(self, "reference", reference, largest=largest)
        return compare(first, second, point, self.capture)

    def operating_point(
        self, *, fmr: float | None = None, threshold: float | None = None
    ) -> OperatingPoint:
        """The threshold that a call's FMR or threshold means; see `Manifest`.

        Raises:
            ArgumentInvalid: both are given, one is out of range, or the model is not calibrated.
        """
        config = self.config
        return self.manifest.operating_point(
            fmr=fmr, threshold=threshold, fmr_default=config.fmr, worst_case=config.worst_case
        )

    def open_gallery(self, path: str | os.PathLike[str], *, create: bool = False) -> "Gallery":
        """Opens a gallery in a folder or, by URL, in PostgreSQL; `create` makes one if absent.

        Raises:
            FileMissing: there is none, and `create` is False.
            GalleryLocked: another process has it open.
            GalleryInvalid, ModelMismatch: it is damaged, no gallery, or another model's.
            GalleryUnavailable: its database does not answer.
        """
        from facenet_res.recognizer.gallery import Gallery  # noqa: PLC0415 - loads FAISS

        return Gallery.open(self, path, create=create)

    def deduplicate(
        self,
        folder: str | os.PathLike[str],
        out: str | os.PathLike[str],
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        config: "DedupConfig | None" = None,
        on_progress: "OnProgress | None" = None,
    ) -> "DedupReport":
        """Finds the same image and the same person twice in a folder, and writes a report.

        Args:
            folder: searched at any depth; never changed.
            out: folder of the report; a run that was stopped resumes there.
            fmr: false match rate of a pair of faces; None for the default, or less if many.
            threshold: or the least score of two faces of one person, in [-1, 1].
            config: other settings; its threshold is the one that these mean.
            on_progress: called with each stage's progress, in this thread.

        Raises:
            FileMissing, ArgumentInvalid: there is no such folder, or no image in it.
            DiskFull, NotWritable: `out` cannot be written.
        """
        from facenet_res.dedup.config import DedupConfig  # noqa: PLC0415 - loads FAISS
        from facenet_res.dedup.progress import no_progress  # noqa: PLC0415
        from facenet_res.dedup.run import deduplicate  # noqa: PLC0415

        point = self.operating_point(fmr=fmr, threshold=threshold)
        settings = replace(
            config or DedupConfig(), similarity_min=point.threshold, fmr=point.fmr or 0.0
        )
        if fmr is None and threshold is None:
            calibrated = tuple((each.fmr, each.similarity) for each in self.manifest.thresholds)
            settings = replace(settings, calibration=calibrated)
        source, target = given_path(folder, "folder"), given_path(out, "out")
        progress = on_progress or no_progress
        return deduplicate(source, target, settings, recognizer=self, on_progress=progress)

    def close(self) -> None:
        """Releases the network."""
        getattr(self.embedder, "close", lambda: None)()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
