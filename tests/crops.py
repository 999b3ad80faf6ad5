"""A tiny set of crops that anyone can make: coloured noise, one hue an identity."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

SIDE = 112


def write_crops(
    path: Path, *, identities: int = 4, crops: int = 6, unlabelled: int = 4, seed: int = 0
) -> Path:
    """Writes `IDENTITY/N.jpg`, `_unlabelled/N.jpg` and an index that doubts the first crop."""
    rng = np.random.default_rng(seed)
    rows = ["file,identity,source,label_ok,similarity,detection_score"]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(identities):
            hue = rng.integers(0, 256, 3)
            for crop in range(crops):
                name = f"person{number}/{crop}.jpg"
                archive.writestr(name, _jpeg(hue, rng))
                doubt = number == 0 and crop == 0
                rows.append(f"{name},person{number},made,{int(not doubt)},0.5,0.9")
        for crop in range(unlabelled):
            name = f"_unlabelled/{crop}.jpg"
            archive.writestr(name, _jpeg(rng.integers(0, 256, 3), rng))
            rows.append(f"{name},,made,0,,0.9")
        archive.writestr("index.csv", "\n".join(rows))
    return path


def _jpeg(hue: np.ndarray, rng: np.random.Generator) -> bytes:
    noise = rng.integers(-40, 40, (SIDE, SIDE, 3))
    face = np.clip(hue + noise, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", face)[1])
