"""People who are enrolled twice are found, ranked, and nobody else."""

import numpy as np

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery import duplicates
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Enrollment


def test_pairs_of_people_are_ranked_by_their_closest_faces(
    gallery: EmbeddingGallery, faces: Embeddings, monkeypatch: object
) -> None:
    monkeypatch.setattr(duplicates, "PASS_SCORES_MAX", 100)  # type: ignore[attr-defined]
    near = unit_norm(faces + 0.15 * np.random.default_rng(1).normal(size=faces.shape))
    people = [(f"p{n // 2}", faces[n]) for n in range(40)]
    # The first face of p3 and both of p5 once more, under other ids.
    people += [("copy-of-3", near[6]), ("copy-of-5", near[10]), ("copy-of-5", faces[11])]
    gallery.enroll_many([Enrollment(person_id=one, embedding=face) for one, face in people])
    gallery.delete_person("p7")
    threshold = 0.9
    owners = {}
    for one, face in people:
        if one != "p7":
            owners.setdefault(one, []).append(face)
    expected = {
        (a, b): max(float(x @ y) for x in owners[a] for y in owners[b])
        for a in owners
        for b in owners
        if a < b
    }
    wanted = sorted((s, *pair) for pair, s in expected.items() if s >= threshold)[::-1]

    found = gallery.duplicates(threshold)

    assert [tuple(sorted((one.person_id, one.other_person_id))) for one in found] == [
        (a, b) for _, a, b in wanted
    ]
    assert tuple(sorted((found[0].person_id, found[0].other_person_id))) == ("copy-of-5", "p5")
    np.testing.assert_allclose([one.score for one in found], [s for s, _, _ in wanted], atol=1e-5)
    assert gallery.duplicates(threshold, 1) == found[:1]
    assert gallery.duplicates(1.0) == [] or gallery.duplicates(1.0)[0].score >= 1 - 1e-6
