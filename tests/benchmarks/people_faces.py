"""Faces with known people, for the comparison of ways to group them.

    python -m tests.benchmarks.people_faces SET OUT.npz

Sets: `held` are the aligned crops of the 150 held-out identities of `crops.zip` and 1,500 held-out
crops without a name, on which clustering may be set; `photos` and `lfw` are whole images, which
judge only. Of an image's faces the one nearest to the middle is the named person's; the others
have no name.
"""

import os
import sys
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.errors import InputError
from facenet_res.core.ordered import ordered_map
from facenet_res.core.types import Face
from facenet_res.data.crops import open_crops
from facenet_res.data.split import split_by_identity
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.benchmarks.bench import tell

UNNAMED: Final = 1500
BATCH: Final = 64


def held_faces(data: Path, recognizer: FaceRecognizer) -> dict[str, np.ndarray]:
    """Embeddings float16[K, D] and labels of held-out crops; -1 for one without a name."""
    split = split_by_identity(open_crops(data / "crops.zip"))
    parts = (split.validation, split.groups.subset(np.arange(UNNAMED)))
    labels = np.concatenate([parts[0].labels, np.full(UNNAMED, -1)])
    crops = np.stack([part[row].decode() for part in parts for row in range(len(part))])
    rows = [recognizer.embed_aligned(crops[s : s + BATCH]) for s in range(0, len(crops), BATCH)]
    return {
        "embeddings": np.concatenate(rows).astype(np.float16),
        "labels": labels,
        "images": np.arange(len(labels)),
    }


def image_faces(archive: Path, recognizer: FaceRecognizer) -> dict[str, np.ndarray]:
    """Embeddings, quality, labels and images of the faces of a zip of IDENTITY/FILE.jpg."""
    with zipfile.ZipFile(archive) as opened:
        names = sorted(each for each in opened.namelist() if each.endswith(".jpg"))
        people = sorted({name.split("/")[-2] for name in names})
        labels, images, measures, scores, sides, embeddings = [], [], [], [], [], []

        def detected(name: str) -> tuple[list[Face], tuple[int, int]]:
            try:
                image = recognizer.open_image(opened.read(name))
                return recognizer.embed(image), image.size_px
            except InputError:
                return [], (0, 0)

        results = ordered_map(detected, names, workers=1)
        for number, (name, (faces, size_px)) in enumerate(zip(names, results, strict=True)):
            middle = np.array(size_px) / 2
            off = [
                np.hypot(
                    (f.box.x0 + f.box.x1) / 2 - middle[0], (f.box.y0 + f.box.y1) / 2 - middle[1]
                )
                for f in faces
            ]
            for row, face in enumerate(faces):
                is_named = row == int(np.argmin(off))
                labels.append(people.index(name.split("/")[-2]) if is_named else -1)
                images.append(number)
                quality = face.quality
                measures.append(
                    (
                        quality.eye_distance_px,
                        quality.roll_deg,
                        quality.yaw_share,
                        quality.sharpness,
                    )
                )
                scores.append(face.detection_score)
                sides.append(min(face.box.width_px, face.box.height_px))
                embeddings.append(face.embedding.astype(np.float16))
    return {
        "embeddings": np.stack(embeddings),
        "labels": np.array(labels),
        "images": np.array(images),
        "quality": np.array(measures, np.float32),
        "scores": np.array(scores, np.float32),
        "sides_px": np.array(sides, np.float32),
    }


def main() -> None:
    """Embeds one set and saves it."""
    data = Path(os.environ.get("FACENET_RES_DATA", "../shared/data"))
    name, out = sys.argv[1], Path(sys.argv[2])
    with FaceRecognizer() as recognizer:
        found = (
            held_faces(data, recognizer)
            if name == "held"
            else image_faces(data / f"{name}.zip", recognizer)
        )
        np.savez(out, **found, threshold=recognizer.operating_point().threshold)
    tell(f"{name}: {len(found['labels'])} faces, {np.sum(found['labels'] >= 0)} with a name")


if __name__ == "__main__":
    main()
