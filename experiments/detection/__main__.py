"""`python -m experiments.detection`: recall, false detections and time, for docs/detection.md."""

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from experiments.detection.images import (
    Sample,
    cropped,
    darkened,
    groups,
    one_eye,
    portraits,
    turned,
    without_faces,
)
from facenet_res.cli.console import print_table
from facenet_res.core.machine import machine_text
from facenet_res.data.location import data_path
from facenet_res.faces.detector import Detector
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.retries import SCORES_MIN, RetryingDetector
from facenet_res.faces.yunet import YunetDetector

IOU_MIN: Final = 0.4
YUNET: Final = "weights/yunet_n_dynamic.onnx"
HEADER: Final = ("images", "detector", "faces", "found", "false", "CPU ms, median", "mean", "by")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a detector made of a set of images."""

    faces: int
    found: int
    false: int
    times_ms: tuple[float, ...]
    attempts: Counter[str]


def main() -> None:
    """Measures both detectors, each plain and with retries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images-max", type=int, default=400, help="of photos.zip")
    arguments = parser.parse_args()
    yunet = data_path(YUNET)
    sets = _sets(yunet, arguments.images_max)
    plain: dict[str, Detector] = {"mtcnn": MtcnnDetector(), "yunet": YunetDetector(yunet)}
    rows = []
    for title, samples in sets.items():
        for name, detector in plain.items():
            for label, retrying in (
                (f"{name}, once", RetryingDetector(detector, 1.0, ())),
                (f"{name}, retries", RetryingDetector(detector, SCORES_MIN[name])),
            ):
                rows.append(_row(title, label, measured(retrying, samples)))
    print_table(HEADER, rows)
    print(f"\n{machine_text()}; {len(rows)} rows; a face is found at an IoU of {IOU_MIN:g}")


def _sets(yunet: Path, images_max: int) -> dict[str, list[Sample]]:
    whole = list(portraits(data_path("photos.zip"), yunet, images_max))
    changes = {"darkened": darkened, "cropped": cropped, "turned": turned, "one eye": one_eye}
    return {
        "photos.zip": whole,
        "group_photos": list(groups(data_path("group_photos"))),
        **{
            title: [change(sample, number) for number, sample in enumerate(whole)]
            for title, change in changes.items()
        },
        "without a face": list(without_faces(whole, yunet)),
    }


def measured(detector: RetryingDetector, samples: list[Sample]) -> Outcome:
    """Runs a detector over the images, one at a time; times are of the processor, all threads."""
    faces = found = false = 0
    times_ms: list[float] = []
    attempts: Counter[str] = Counter()
    for sample in samples:
        began_s = time.process_time()
        detections, attempt = detector.detect_how(sample.pixels)
        times_ms.append(1000 * (time.process_time() - began_s))
        hits = sum(any(box.iou(each.box) >= IOU_MIN for each in detections) for box in sample.boxes)
        faces, found = faces + len(sample.boxes), found + hits
        if not sample.boxes:
            false += len(detections)
        if attempt:
            attempts[attempt] += 1
    return Outcome(faces, found, false, tuple(times_ms), attempts)


def _row(title: str, detector: str, one: Outcome) -> tuple[str, ...]:
    return (
        f"{title} ({len(one.times_ms)})",
        detector,
        str(one.faces),
        f"{one.found} ({100 * one.found / one.faces:.1f} %)" if one.faces else "-",
        "-" if one.faces else str(one.false),
        f"{np.median(one.times_ms):.1f}",
        f"{np.mean(one.times_ms):.1f}",
        ", ".join(f"{name} {count}" for name, count in one.attempts.most_common()),
    )


if __name__ == "__main__":
    main()
