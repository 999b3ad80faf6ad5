"""Writes tests/golden/mtcnn_boxes.json: what the `mtcnn` package finds in two portraits.

Run it from the repository's root, once; it needs the `dev`, `demo` and `train` extras, since the
package runs its networks by TensorFlow:

    python -m tests.golden.make_mtcnn_boxes

Both portraits are in the public domain and come inside PyPI packages: `skimage.data.astronaut()`
and matplotlib's `grace_hopper.jpg`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.portraits import PORTRAITS, portrait

TARGET = Path(__file__).parent / "mtcnn_boxes.json"


def main() -> None:
    """Runs the package on both portraits."""
    from mtcnn import MTCNN

    detector = MTCNN()
    found = {name: _faces(detector, portrait(name)) for name in PORTRAITS}
    TARGET.write_text(json.dumps(found, indent=1) + "\n")


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
