"""Hand-over of named people to a gallery."""

from pathlib import Path

import numpy as np

from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.decisions import append_decision
from facenet_res.dedup.enrolment import enroll_people
from facenet_res.dedup.run import deduplicate
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder, face_at
from tests.unit.dedup.pictures import picture, save


def test_who_has_a_name_is_enrolled_with_that_face_and_only_once(tmp_path: Path) -> None:
    # given one face on three walls, beside a larger face that differs each time
    folder, out = tmp_path / "photos", tmp_path / "out"
    for wall in range(3):
        image = picture(wall)
        image[60:160, 60:160] = picture(50, 100, 100)
        image[160:310, 160:290] = picture(60 + wall, 150, 130)
        save(folder / f"{wall}.jpg", image, 95)
    detector = FakeDetector([face_at(150, 170, 130), face_at(60, 60, 100)])
    recognizer = FaceRecognizer.of(detector, FakeEmbedder())
    config = DedupConfig(similarity_min=0.9)
    groups = deduplicate(folder, out, config, recognizer=recognizer).groups
    person = next(group for group in groups.people if len(group.faces) == 3)
    face = person.faces[0]
    box = [face.box.x0, face.box.y0, face.box.x1, face.box.y1]
    named = {"kind": "name", "face": {"sha256": face.sha256, "box": box}, "name": "Ada"}
    append_decision(out, named)
    groups = deduplicate(folder, out, config, recognizer=recognizer).groups
    # when they are handed over twice
    with recognizer.open_gallery(tmp_path / "gallery", create=True) as gallery:
        for _ in range(2):
            outcomes = list(enroll_people(folder, groups, gallery))
            assert [(each.person_id, each.message) for each in outcomes] == [("Ada", "")] * 3
        # then the gallery has one person with the three smaller faces
        assert gallery.counts().faces == 3
        found = gallery.identify(folder / "0.jpg", threshold=0.9)
    assert [hit.person_id for hit in found] == [None, "Ada"] or [
        hit.person_id for hit in found
    ] == ["", "Ada"]
    assert np.isfinite(found[1].score)
