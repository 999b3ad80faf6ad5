"""`facenet-res detect` and `facenet-res embed`: the faces of photographs."""

import io
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.batch import Skipped, as_dicts, conclude, find_photographs, not_read, skipped
from facenet_res.cli.console import note, print_json, print_table, progress
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_detector,
    add_model,
    opened_detector,
    opened_pipeline,
)
from facenet_res.core.errors import ArgumentInvalid, InputError

if TYPE_CHECKING:
    from facenet_res.core.manifest import Manifest
    from facenet_res.core.types import Detection, Face
    from facenet_res.pipeline.bulk import FileFaces

DETECT_EXAMPLES = """examples:
  facenet-res detect party.jpg
  facenet-res detect photos/ --json > faces.json
  facenet-res detect party.jpg --detector yunet --detector-model yunet.onnx

Coordinates are pixels of the upright picture. Landmarks: the eye on the picture's left, the eye
on its right, nose, the mouth's corner on the left, the one on the right.
Status 0 if any file could be read, 2 if none; what was skipped, and why, is on stderr."""

EMBED_EXAMPLES = """examples:
  facenet-res embed photos/ --out faces.npz
  facenet-res embed ada.jpg --faces-max 1 --json

The .npz holds, a row for each face: embeddings float32[N, D] of unit length, paths, boxes
float32[N, 4] (x0, y0, x1, y1), scores float32[N], landmarks float32[N, 5, 2]; and model_id.
Read it with numpy.load(FILE). Similarity of two faces is the dot product of their rows."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds both commands."""
    parser = add_command(
        subparsers, "detect", run_detect, "find the faces of photographs", DETECT_EXAMPLES
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMG", help="file or folder")
    add_detector(parser)
    parser = add_command(
        subparsers, "embed", run_embed, "turn the faces of photographs into embeddings",
        EMBED_EXAMPLES,
    )  # fmt: skip
    parser.add_argument("images", nargs="+", type=Path, metavar="IMG", help="file or folder")
    parser.add_argument("--out", type=Path, metavar="NPZ", help="file to write the embeddings to")
    parser.add_argument(
        "--faces-max", type=int, metavar="N", help="only the N largest faces of each photograph"
    )
    parser.add_argument("--workers", type=int, default=2, help="photographs at once (default: 2)")
    add_model(parser)


def run_detect(arguments: Namespace) -> int:
    """Prints the faces of each photograph."""
    from facenet_res.imaging.decode import read_image

    photographs = find_photographs(arguments.images)
    paths = photographs.paths
    detector = opened_detector(arguments)
    found: list[dict[str, Any]] = []
    left_out = list(photographs.left_out)
    with progress(len(paths), "photo") as tell:
        for done, path in enumerate(paths, start=1):
            try:
                image = read_image(path)
            except InputError as error:
                left_out.append(skipped(path, error))
            else:
                faces = [_face(detection) for detection in detector.detect(image)]
                size = {"width_px": image.shape[1], "height_px": image.shape[0]}
                found.append({"path": str(path), **size, "faces": faces})
            tell(done)
    _print_faces(arguments, found, left_out)
    return conclude(len(found), left_out)


def run_embed(arguments: Namespace) -> int:
    """Embeds the faces of each photograph."""
    from facenet_res.pipeline.bulk import FileFaces, embed_files

    if arguments.out is not None and arguments.out.suffix != ".npz":
        raise ArgumentInvalid(f"--out names a .npz file, got {arguments.out}")
    photographs = find_photographs(arguments.images)
    paths = photographs.paths
    files: list[FileFaces] = []
    left_out = list(photographs.left_out)
    with opened_pipeline(arguments) as (pipeline, manifest), progress(len(paths), "photo") as tell:
        results = embed_files(
            pipeline, paths, workers=arguments.workers, faces_max=arguments.faces_max,
            on_progress=tell,
        )  # fmt: skip
        for result in results:
            if isinstance(result, FileFaces):
                files.append(result)
            else:
                left_out.append(not_read(result))
    if arguments.out is not None:
        _write_npz(arguments.out, files, manifest)
    found = [
        {
            "path": str(file.path),
            "width_px": file.width_px,
            "height_px": file.height_px,
            "faces": [
                {
                    **_face(face),
                    # A file that was asked for holds them already.
                    **({} if arguments.out else {"embedding": face.embedding.tolist()}),
                }
                for face in file.faces
            ],
        }
        for file in files
    ]
    _print_faces(arguments, found, left_out, {"model_id": manifest.model_id})
    if not arguments.json:
        note(
            f"embeddings written to {arguments.out}"
            if arguments.out
            else "the embeddings themselves come with --out FILE.npz or --json"
        )
    return conclude(len(files), left_out)


def _face(face: "Detection | Face") -> dict[str, Any]:
    box = face.box
    score = face.detection_score if hasattr(face, "detection_score") else face.score
    return {
        "box": {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1},
        "score": float(score),
        "landmarks": face.landmarks.tolist(),
    }


def _print_faces(
    arguments: Namespace,
    images: list[dict[str, Any]],
    left_out: Sequence[Skipped],
    more: dict[str, Any] | None = None,
) -> None:
    if arguments.json:
        print_json({**(more or {}), "images": images, "skipped": as_dicts(left_out)})
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
    print_table(("photograph", "face", "x0,y0", "size px", "score"), rows)


def _write_npz(path: Path, files: "Sequence[FileFaces]", manifest: "Manifest") -> None:
    import numpy as np

    from facenet_res.core.files import write_atomically

    faces = [(str(file.path), face) for file in files for face in file.faces]
    boxes = [face.box for _, face in faces]
    embeddings = np.array([face.embedding for _, face in faces], np.float32)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        embeddings=embeddings.reshape(-1, manifest.embedding_dim),
        paths=np.array([name for name, _ in faces], dtype=np.str_),
        boxes=np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], np.float32).reshape(-1, 4),
        scores=np.array([face.detection_score for _, face in faces], np.float32),
        landmarks=np.array([face.landmarks for _, face in faces]).reshape(-1, 5, 2),
        model_id=np.array(manifest.model_id),
    )
    write_atomically(path, buffer.getvalue())
