"""`facenet-res calibrate`: thresholds of a model, for one's own cameras or the held-out people."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, print_table, stages
from facenet_res.cli.evaluate_output import add_options
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_overwrite,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing
from facenet_res.core.model_names import list_models

if TYPE_CHECKING:
    from facenet_res.core.manifest import Manifest, Threshold
    from facenet_res.core.types import Faces
    from facenet_res.evaluation.held_out import HeldOutFaces
    from facenet_res.recognizer.recognizer import FaceRecognizer

RATES = (1e-2, 1e-3, 1e-4)
HELD_OUT_SETS = ("crops.zip",)
NOTES = """examples:
  facenet-res calibrate --images people/ --model models/mine
  facenet-res calibrate --images people/ --out models/our-cameras
  facenet-res calibrate --images people/ --fmr 1e-2 1e-3 --dry-run

Images lie in one folder for each person: people who are neither in the training data nor in a test
set, taken by the cameras that the thresholds are for. Every pair of images of two people is an
impostor pair; a rate requires 3 / rate of them. The interval is the wider of two: independent
pairs, and a bootstrap of 200 draws of people. The thresholds of all images, those of grey, small,
dark and equally lit copies, and the range of faces that they hold for go into the manifest of
--model; of a model by name, which is not changed, a copy with them goes into --out."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "measure a model's thresholds on people of your own"
    parser = add_command(subparsers, "calibrate", run, summary, NOTES)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument(
        "--images", type=Path, metavar="DIR_OR_ZIP", help="images; a zip is read in place"
    )
    chosen.add_argument(
        "--held-out",
        action="store_true",
        help="the people that the default model held out, in FACENET_RES_DATA",
    )
    add_options(parser, "--aligned", "--only")
    parser.add_argument(
        "--fmr",
        type=float,
        nargs="+",
        default=list(RATES),
        metavar="RATE",
        help="false match rates (default: 1e-2 1e-3 1e-4)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a copy of the model")
    add_overwrite(parser)
    parser.add_argument("--dry-run", action="store_true", help="print only, write nothing")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Measures, prints, and writes the manifest."""
    from facenet_res.core.artifact import check_place
    from facenet_res.core.model_names import model_folder

    folder = model_folder(arguments.model)
    if arguments.out is not None:
        check_place(arguments.out, overwrite=arguments.overwrite)
    elif not arguments.dry_run and arguments.model in list_models():
        raise ArgumentInvalid(
            f"the model {arguments.model!r} of the package is not changed: pass --out DIR for a "
            "copy with the thresholds, a model folder as --model, or --dry-run"
        )
    with open_recognizer(arguments) as recognizer, stages() as tell:
        manifest = _calibrated(arguments, recognizer, tell)
    _print(arguments, manifest)
    if not arguments.dry_run:
        _write(folder, arguments.out, manifest, overwrite=arguments.overwrite)
    return exit_codes.OK


def _calibrated(
    arguments: Namespace, recognizer: "FaceRecognizer", tell: Callable[[str, int, int], None]
) -> "Manifest":
    """The model's manifest with what was measured."""
    from facenet_res.evaluation.calibration import calibrate_on_people, check_people
    from facenet_res.evaluation.conditions import (
        calibrate_conditions,
        calibrate_origins,
        capture_range,
    )
    from facenet_res.evaluation.judge_data import embedded, groups_of

    def check(names: Sequence[str]) -> None:
        check_people(names, arguments.fmr)

    held_out = _held_out(tell) if arguments.held_out else None
    faces, people = (
        (held_out.faces, held_out.people)
        if held_out
        else people_of_images(arguments, recognizer, tell, check)
    )
    check(people)
    embedder = recognizer.embedder
    rows = embedded(embedder, faces, "all images", tell)
    found = calibrate_on_people(rows, people, arguments.fmr)
    thresholds = tuple(one.declared() for one in found)
    conditions = calibrate_conditions(embedder, faces, people, arguments.fmr, tell)
    if held_out:
        unnamed = embedded(embedder, held_out.unnamed, "origins", tell)
        conditions += calibrate_origins(unnamed, groups_of(list(held_out.unnamed_names)))
    return replace(
        recognizer.manifest,
        thresholds=thresholds,
        conditions=conditions,
        capture=capture_range(embedder, faces, people, thresholds, tell),
    )


def _held_out(tell: Callable[[str, int, int], None]) -> "HeldOutFaces":
    from facenet_res.data.location import data_path
    from facenet_res.evaluation.held_out import read_held_out

    return read_held_out([data_path(name) for name in HELD_OUT_SETS], tell)


def people_of_images(
    arguments: Namespace,
    recognizer: "FaceRecognizer",
    tell: Callable[[str, int, int], None],
    check: Callable[[list[str]], None] = lambda _: None,
) -> "tuple[Faces, list[str]]":
    """The faces of the images, aligned, and who each shows; images without a face are left out.

    Args:
        arguments: with images, aligned, only and images_max.
        recognizer: detects.
        tell: hears of progress.
        check: is given who each image shows, before the work.
    """
    import numpy as np

    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.subjects import align_subjects, read_crop

    with open_images(arguments.images) as source:
        photos = _chosen(source.names, arguments.only, getattr(arguments, "images_max", None))
        # Too few are told before minutes of work.
        check([person for person, _ in photos])
        names = [name for _, name in photos]
        if arguments.aligned:
            crops = np.stack([read_crop(source.read(name), name) for name in names])
            return crops, [person for person, _ in photos]
        found = align_subjects(
            source, names, recognizer, on_progress=lambda done: tell("faces", done, len(names))
        )
    missing = set(found.without_face)
    kept = [number for number, name in enumerate(names) if name not in missing]
    if missing:
        note(f"{len(missing)} images show no face and are left out, such as {min(missing)}")
    return found.crops[kept], [photos[number][0] for number in kept]


def _chosen(
    names: tuple[str, ...], only: Path | None, images_max: int | None
) -> list[tuple[str, str]]:
    """The images to measure on, (person, name): evenly chosen where there are too many."""
    from facenet_res.evaluation.calibration import CROPS_MAX
    from facenet_res.evaluation.image_source import people_of

    people = people_of(names)
    if only is not None:
        if not only.is_file():
            raise FileMissing(f"no list of people at {only}")
        wanted = only.read_text("utf-8").split()
        absent = [person for person in wanted if person not in people]
        if absent:
            raise DataInvalid(f"{len(absent)} people of {only} have no images, such as {absent[0]}")
        people = {person: people[person] for person in wanted}
    photos = [(person, name) for person, group in people.items() for name in group]
    if images_max is not None and len(photos) > images_max >= 1:
        photos = [photos[number * len(photos) // images_max] for number in range(images_max)]
    if len(photos) > CROPS_MAX:
        raise DataInvalid(f"{len(photos)} images, limit is {CROPS_MAX}; choose by --only")
    return photos


def _write(folder: Path, out: Path | None, manifest: "Manifest", *, overwrite: bool) -> None:
    """Replaces the manifest of a model folder, or of a copy of it."""
    from facenet_res.core.artifact import write_artifact, write_manifest

    if out is None:
        write_manifest(folder, manifest)
    else:
        sources = dict.fromkeys(
            (file.format, folder / file.name.split("/")[0]) for file in manifest.files
        )
        write_artifact(out, manifest, list(sources), overwrite=overwrite)
    note(
        f"wrote {len(manifest.thresholds)} thresholds and those of {len(manifest.conditions)} "
        f"conditions to the manifest of {out or folder}"
    )


def _print(arguments: Namespace, manifest: "Manifest") -> None:
    if arguments.json:
        print_json(
            {
                "model_id": manifest.model_id,
                "thresholds": [asdict(one) for one in manifest.thresholds],
                "worst_thresholds": [asdict(one) for one in manifest.worst_thresholds],
                "conditions": [asdict(one) for one in manifest.conditions],
                "capture": asdict(manifest.capture),
            }
        )
        return
    rates = [one.fmr for one in manifest.thresholds]
    rows = [
        _row("all images", "", manifest.thresholds, rates),
        *(
            _row(one.name, f"{one.impostor_pairs:,}", one.thresholds, rates)
            for one in manifest.conditions
        ),
        _row("worst", "", manifest.worst_thresholds, rates),
    ]
    print_table(("condition", "pairs", *(f"FMR {rate:g}" for rate in rates)), rows)
    capture = manifest.capture
    print(
        f"\nThe thresholds hold from {capture.eye_distance_px:g} px between the eyes and a "
        f"sharpness of {capture.sharpness:g} on; faces below {capture.eye_distance_px_min:g} px or "
        f"{capture.sharpness_min:g} are refused."
    )


def _row(
    name: str, pairs: str, thresholds: "Sequence[Threshold]", rates: list[float]
) -> tuple[str, ...]:
    found = {one.fmr: one for one in thresholds}
    return (name, pairs, *(_text(found.get(rate)) for rate in rates))


def _text(threshold: "Threshold | None") -> str:
    if threshold is None:
        return "too few pairs"
    low, high = threshold.similarity_low, threshold.similarity_high
    return f"{threshold.similarity:.4f} ({low:.4f} to {high:.4f})"
