"""Writes what the `mtcnn` package finds: in two portraits, and in the shared photographs.

tests/golden/mtcnn_boxes.json is of the portraits, mtcnn_shared_boxes.json of all group photographs
and of every tenth of photos.zip; of these the faces that the package is sure of (0.95) are kept.

Run it from the repository's root, once; it needs the `dev`, `demo` and `train` extras, since the
package runs its networks by TensorFlow:

    python -m tests.golden.make_mtcnn_boxes

Both portraits are in the public domain and come inside PyPI packages: `skimage.data.astronaut()`
and matplotlib's `grace_hopper.jpg`.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.types import Image
from facenet_res.imaging.decode import decode_image, read_image
from tests.conftest import shared_data_dir
from tests.portraits import PORTRAITS, portrait

FOLDER = Path(__file__).parent
SURE = 0.95
EACH = 10


def main() -> None:
    """Runs the package on the portraits, and on the shared photographs where they are."""
    from mtcnn import MTCNN

    detector = MTCNN()
    found = {name: _faces(detector, portrait(name)) for name in PORTRAITS}
    (FOLDER / "mtcnn_boxes.json").write_text(json.dumps(found, indent=1) + "\n")
    shared = {
        name: [face["box"] for face in _faces(detector, image) if face["score"] >= SURE]
        for name, image in shared_photographs(shared_data_dir()).items()
    }
    if shared:
        lines = (f" {json.dumps(name)}: {json.dumps(boxes)}" for name, boxes in shared.items())
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        (FOLDER / "mtcnn_shared_boxes.json").write_text(text)


def shared_photographs(folder: Path) -> dict[str, Image]:
    """The group photographs and every tenth of photos.zip, by name; none without the folder."""
    if not folder.is_dir():
        return {}
    photographs = {
        f"group_photos/{path.name}": read_image(path)
        for path in sorted((folder / "group_photos").glob("*.jpg"))
    }
    with zipfile.ZipFile(folder / "photos.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for name in names[::EACH]:
            photographs[f"photos.zip/{name}"] = decode_image(archive.read(name))
    return photographs


def _faces(detector: Any, image: np.ndarray) -> list[dict[str, Any]]:
    rows = detector.detect_faces(image, output_type="numpy", box_format="xyxy")
    # Rows: image, x0, y0, x1, y1, score, five x, five y.
    return [
        {
            "box": row[1:5].round(2).tolist(),
            "score": round(float(row[5]), 4),
            "landmarks": row[6:16].reshape(2, 5).T.round(2).tolist(),
        }
        for row in np.asarray(rows, float)
    ]


if __name__ == "__main__":
    main()
