"""`facenet-res detect` and `facenet-res embed`: the faces of images."""

import io
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.batch import as_dicts, conclude
from facenet_res.cli.console import note, print_json, print_table, progress
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_detector,
    add_images,
    add_model,
    add_workers,
    open_recognizer,
    opened_detector,
)
from facenet_res.core.errors import ArgumentInvalid, InputError
from facenet_res.core.image_files import SkippedFile, find_image_files

if TYPE_CHECKING:
    from facenet_res.core.types import Face, ImageResult

DETECT_EXAMPLES = """examples:
  facenet-res detect party.jpg
  facenet-res detect photos/ --json > faces.json
  facenet-res detect party.jpg --detector yunet --detector-model yunet.onnx

Coordinates are pixels of the upright image. Landmarks: left eye, right eye, nose, left and right
corner of the mouth, left and right as seen in the image. Exit status 0 if any file was read, 2 if
none; skipped files are listed on stderr."""

EMBED_EXAMPLES = """examples:
  facenet-res embed photos/ --out faces.npz
  facenet-res embed ada.jpg --faces-max 1 --json

The .npz has a row for each face: embeddings float32[N, D] of unit length, paths, boxes
float32[N, 4] (x0, y0, x1, y1), scores float32[N], landmarks float32[N, 5, 2]; and model_id.
numpy.load(FILE) reads it. The score of two faces is the dot product of their rows."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds both commands."""
    summary = "detect faces: box, landmarks, score"
    parser = add_command(subparsers, "detect", run_detect, summary, DETECT_EXAMPLES)
    add_images(parser)
    add_detector(parser)
    summary = "compute face embeddings"
    parser = add_command(subparsers, "embed", run_embed, summary, EMBED_EXAMPLES)
    add_images(parser)
    parser.add_argument("--out", type=Path, metavar="NPZ", help="file to write the embeddings to")
    parser.add_argument(
        "--faces-max", type=int, metavar="N", help="only the N largest faces of each image"
    )
    add_workers(parser)
    add_model(parser)


def run_detect(arguments: Namespace) -> int:
    """Prints the faces of each image."""
    from facenet_res.core.types import ImageResult
    from facenet_res.faces.image_faces import detect_faces
    from facenet_res.imaging.lazy_image import LazyImage
    from facenet_res.recognizer.recognizer import FACES_MAX

    files = find_image_files(arguments.images)
    detector = opened_detector(arguments)

    def detected() -> Iterator[ImageResult]:
        with progress(len(files.paths), "images") as tell:
            for done, path in enumerate(files.paths, start=1):
                try:
                    image = LazyImage.open(path)
                    faces = detect_faces(image, detector, FACES_MAX)
                    yield ImageResult(str(path), tuple(faces), *image.size_px)
                except InputError as error:
                    yield ImageResult(str(path), error=error)
                tell(done)

    results, skipped = split(detected(), files.skipped)
    _print_faces(arguments, [_document(result) for result in results], skipped)
    return conclude(len(results), skipped)


def run_embed(arguments: Namespace) -> int:
    """Embeds the faces of each image."""
    if arguments.out is not None and arguments.out.suffix != ".npz":
        raise ArgumentInvalid(f"--out must name a .npz file, got {arguments.out}")
    files = find_image_files(arguments.images)
    with (
        open_recognizer(arguments) as recognizer,
        progress(len(files.paths), "images") as tell,
    ):
        many = recognizer.embed_many(
            files.paths,
            workers=arguments.workers,
            faces_max=arguments.faces_max,
            on_progress=tell,
        )
        results, skipped = split(many, files.skipped)
        info = recognizer.info()
    if arguments.out is not None:
        _write_npz(arguments.out, results, info.model_id, info.embedding_dim)
    # A file that was asked for holds the embeddings already.
    documents = [_document(result, with_embeddings=not arguments.out) for result in results]
    _print_faces(arguments, documents, skipped, {"model_id": info.model_id})
    if not arguments.json:
        note(
            f"embeddings written to {arguments.out}"
            if arguments.out
            else "--out FILE.npz or --json outputs the embeddings"
        )
    return conclude(len(results), skipped)


def split(
    results: "Iterator[ImageResult]", skipped: Sequence[SkippedFile]
) -> "tuple[list[ImageResult], list[SkippedFile]]":
    """The images that were read, and the files that were not."""
    read: list[ImageResult] = []
    failed = list(skipped)
    for result in results:
        if result.error is None:
            read.append(result)
        else:
            failed.append(SkippedFile.of(result.source, result.error))
    return read, failed


def box_document(face: "Face") -> dict[str, float]:
    """A face's box for JSON."""
    box = face.box
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}


def _document(result: "ImageResult", *, with_embeddings: bool = False) -> dict[str, Any]:
    return {
        "path": result.source,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "faces": [_face_document(face, with_embeddings) for face in result.faces],
    }


def _face_document(face: "Face", with_embedding: bool) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "box": box_document(face),
        "score": float(face.detection_score),
        "landmarks": face.landmarks.tolist(),
        "quality": asdict(face.quality),
        **({"embedding": face.embedding.tolist()} if with_embedding else {}),
    }


def _print_faces(
    arguments: Namespace,
    images: list[dict[str, Any]],
    skipped: Sequence[SkippedFile],
    more: dict[str, Any] | None = None,
) -> None:
    if arguments.json:
        print_json({**(more or {}), "images": images, "skipped": as_dicts(skipped)})
        return
    rows: list[tuple[str, ...]] = []
    for image in images:
        if not image["faces"]:
            rows.append((image["path"], "no face", "", "", ""))
        for number, face in enumerate(image["faces"], start=1):
            box = face["box"]
            width_px, height_px = box["x1"] - box["x0"], box["y1"] - box["y0"]
            place = f"{box['x0']:.0f},{box['y0']:.0f}"
            size = f"{width_px:.0f}x{height_px:.0f}"
            rows.append((image["path"], str(number), place, size, f"{face['score']:.3f}"))
    print_table(("image", "face", "x0,y0", "size px", "score"), rows)


def _write_npz(
    path: Path, results: "Sequence[ImageResult]", model_id: str, embedding_dim: int
) -> None:
    import numpy as np

    from facenet_res.core.files import write_atomically

    faces = [(result.source, face) for result in results for face in result.faces]
    boxes = [face.box for _, face in faces]
    embeddings = np.array([face.embedding for _, face in faces], np.float32)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        embeddings=embeddings.reshape(-1, embedding_dim),
        paths=np.array([name for name, _ in faces], dtype=np.str_),
        boxes=np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], np.float32).reshape(-1, 4),
        scores=np.array([face.detection_score for _, face in faces], np.float32),
        landmarks=np.array([face.landmarks for _, face in faces]).reshape(-1, 5, 2),
        model_id=np.array(model_id),
    )
    write_atomically(path, buffer.getvalue())
