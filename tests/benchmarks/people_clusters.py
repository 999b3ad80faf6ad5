"""Ways to group faces on the same embeddings: ours, DBSCAN, Chinese whispers, HDBSCAN, linkage.

The last is average linkage of SciPy over all pairs.

    python -m tests.benchmarks.people_clusters FACES.npz[:IMAGES] ...

Pairwise F and B-cubed F of the faces with a name; faces without one take part and count nothing.
Each method takes its own best threshold among many, the one of highest pairwise F at pairwise
precision of 0.98 and more; "as run" is ours at the threshold that a run takes, which nothing here
chose, with weak faces set aside.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.cluster import DBSCAN, HDBSCAN

from facenet_res.core.artifact import read_artifact
from facenet_res.core.model_names import model_folder
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.people import Rules, attached, group_faces, near_pairs
from facenet_res.dedup.person_groups import weaknesses
from facenet_res.dedup.person_threshold import person_threshold
from facenet_res.dedup.types import PhotoFaces
from tests.benchmarks.bench import tell

PRECISION_MIN = 0.98
THRESHOLDS = np.round(np.arange(0.34, 0.74, 0.01), 2).tolist()
Labels = NDArray[np.int64]


def pairwise(truth: Labels, found: Labels) -> tuple[float, float, float]:
    """Precision, recall and F over pairs of faces."""
    _, of_both = np.unique(np.stack([truth, found]), axis=1, return_counts=True)

    def pairs(counts: NDArray[np.int64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both = pairs(of_both)
    joined = pairs(np.unique(found, return_counts=True)[1])
    same = pairs(np.unique(truth, return_counts=True)[1])
    precision, recall = both / joined if joined else 1.0, both / same
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def b_cubed(truth: Labels, found: Labels) -> float:
    """F of the mean precision and recall of each face."""
    _, where, of_both = np.unique(
        np.stack([truth, found]), axis=1, return_inverse=True, return_counts=True
    )
    both = of_both[where]
    precision = (both / np.bincount(found)[found]).mean()
    recall = (both / np.bincount(truth)[truth]).mean()
    return float(2 * precision * recall / (precision + recall))


def labels_of(groups: Sequence[Sequence[int]], count: int) -> Labels:
    """A label for each face; who is in no group has one of its own."""
    labels = np.arange(count)
    for number, rows in enumerate(groups):
        labels[list(rows)] = count + number
    return np.unique(labels, return_inverse=True)[1]


def alone(labels: Labels) -> Labels:
    """Labels where -1 stands for faces that are in no cluster."""
    out = labels.copy()
    out[out < 0] = labels.max() + 1 + np.arange(int((labels < 0).sum()))
    return np.unique(out, return_inverse=True)[1]


def ours(faces: NDArray[np.float16], images: Labels, threshold: float) -> Labels:
    """Average linkage over near pairs, two faces of an image apart."""
    pairs = near_pairs(faces, threshold)
    return labels_of(group_faces(faces, pairs, threshold, Rules(images.tolist())), len(faces))


def whispers(cosines: NDArray[np.float32], threshold: float) -> Labels:
    """Chinese whispers (Biemann 2006), as in dlib: the strongest label of the neighbours wins."""
    rng = np.random.default_rng(0)
    labels = np.arange(len(cosines))
    near = [np.flatnonzero(row >= threshold) for row in cosines]
    for _ in range(10):
        for row in rng.permutation(len(cosines)).tolist():
            others = near[row][near[row] != row]
            if len(others):
                names, where = np.unique(labels[others], return_inverse=True)
                labels[row] = names[np.bincount(where, cosines[row, others]).argmax()]
    return np.unique(labels, return_inverse=True)[1]


def main() -> None:
    """Prints a table for each file of `people_faces`."""
    for argument in sys.argv[1:]:
        name, _, most = argument.partition(":")
        data = _first(dict(np.load(name)), int(most or 10**9))
        faces, truth, images = data["embeddings"], data["labels"], data["images"]
        rows = faces.astype(np.float32)
        cosines = np.clip(rows @ rows.T, -1, 1)
        apart = np.maximum(1 - cosines, 0).astype(np.float64)
        np.fill_diagonal(apart, 0)
        tree = linkage(squareform(apart, checks=False), "average") if len(rows) < 10_000 else None
        methods: dict[str, Callable[[float], Labels]] = {
            "ours": lambda t, f=faces, i=images: ours(f, i, t),
            "DBSCAN": lambda t, a=apart: alone(
                DBSCAN(eps=1 - t, min_samples=2, metric="precomputed").fit(a).labels_
            ),
            "Chinese whispers": lambda t, c=cosines: whispers(c, t),
        }
        if tree is not None:
            methods["average linkage, all pairs"] = lambda t, tree=tree: (
                fcluster(tree, 1 - t, "distance") - 1
            )
        named = truth >= 0
        tell(f"{Path(name).stem}: {len(rows)} faces, {named.sum()} named")
        shipped = float(data["threshold"])
        _told("ours at FMR 1e-3", shipped, methods["ours"], truth, named)
        if "quality" in data:
            manifest = read_artifact(model_folder("default")).manifest
            calibration = tuple((each.fmr, each.similarity) for each in manifest.thresholds)
            config = DedupConfig(similarity_min=shipped, fmr=1e-3, calibration=calibration)
            threshold, _ = person_threshold(config, len(rows))
            _told("ours as run", threshold, _as_run(data), truth, named)
        for method, find in methods.items():
            best = [(score(find(t), truth, named), t) for t in THRESHOLDS]
            good = [each for each in best if each[0][0] >= PRECISION_MIN] or best
            _told(method, max(good, key=lambda each: each[0][2])[1], find, truth, named)
        density = HDBSCAN(min_cluster_size=2, metric="precomputed", copy=True).fit(apart).labels_
        _told("HDBSCAN", 0.0, lambda _, d=density: alone(d), truth, named)


def _first(data: dict[str, NDArray[Any]], images: int) -> dict[str, NDArray[Any]]:
    kept = data["images"] < images
    return {key: value[kept] if value.ndim else value for key, value in data.items()}


def _as_run(data: Mapping[str, NDArray[Any]]) -> Callable[[float], Labels]:
    """As a run does it: weak faces open no group and join the nearest that they reach."""
    config = DedupConfig()
    sides = data["sides_px"]
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
    names = ("",) * len(sides)
    scores, embeddings = data["scores"], data["embeddings"]
    faces = PhotoFaces(names, boxes, scores, data["quality"], embeddings)
    weak = weaknesses(faces, config) != ""

    def find(threshold: float) -> Labels:
        strong_rows, weak_rows = np.flatnonzero(~weak), np.flatnonzero(weak)
        strong = embeddings[strong_rows]
        rules = Rules(data["images"][strong_rows].tolist())
        groups = group_faces(strong, near_pairs(strong, threshold), threshold, rules)
        joined = [strong_rows[rows].tolist() for rows in groups]
        best = attached(strong, embeddings[weak_rows], groups, threshold)
        for row, group in zip(weak_rows.tolist(), best, strict=True):
            if group >= 0:
                joined[group].append(row)
        return labels_of(joined, len(weak))

    return find


def score(
    found: Labels, truth: Labels, named: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    """Pairwise precision, recall and F, and B-cubed F, of the faces with a name."""
    kept = np.unique(found[named], return_inverse=True)[1]
    people = np.unique(truth[named], return_inverse=True)[1]
    return (*pairwise(people, kept), b_cubed(people, kept))


def _told(
    method: str,
    threshold: float,
    find: Callable[[float], Labels],
    truth: Labels,
    named: NDArray[np.bool_],
) -> None:
    precision, recall, f, cubed = score(find(threshold), truth, named)
    tell(
        f"  {method:28} at {threshold:.3f}: precision {precision:.3f} recall {recall:.3f} "
        f"F {f:.3f} B-cubed {cubed:.3f}"
    )


if __name__ == "__main__":
    main()
