"""`facenet-res evaluate thresholds`: the threshold for each FMR."""

from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, print_table
from facenet_res.cli.evaluate_output import embedded
from facenet_res.cli.options import open_recognizer
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing

if TYPE_CHECKING:
    from facenet_res.evaluation.calibration import CalibratedThreshold


def run_thresholds(arguments: Namespace) -> int:
    """Prints a threshold, with its interval, for each rate that the images support."""
    import numpy as np

    from facenet_res.core.artifact import default_artifact_dir
    from facenet_res.core.model_names import model_folder
    from facenet_res.evaluation.calibration import calibrate_on_people
    from facenet_res.evaluation.image_source import open_images

    folder = model_folder(arguments.model)
    if arguments.write and folder == default_artifact_dir():
        raise ArgumentInvalid("--write requires --model: the model in the package is not changed")
    with open_images(arguments.images) as source, open_recognizer(arguments) as recognizer:
        photos = _chosen(source.names, arguments.only)
        rows = embedded(arguments, source, [name for _, name in photos], recognizer).embeddings
        model_id = recognizer.embedder.model_id
    people = np.unique([person for person, _ in photos], return_inverse=True)[1]
    found = calibrate_on_people(rows, people, arguments.fmr)
    _print(arguments, model_id, found)
    if arguments.write:
        _write(folder, found)
    return exit_codes.OK


def _chosen(names: tuple[str, ...], only: Path | None) -> list[tuple[str, str]]:
    """The images to measure on: (person, name)."""
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
    if len(photos) > CROPS_MAX:
        raise DataInvalid(f"{len(photos)} images, limit is {CROPS_MAX}; choose by --only")
    return photos


def _write(folder: Path, found: "list[CalibratedThreshold]") -> None:
    """Replaces the thresholds of a model's manifest."""
    from facenet_res.core.artifact import read_manifest, write_manifest

    thresholds = tuple(one.declared() for one in found)
    write_manifest(folder, replace(read_manifest(folder), thresholds=thresholds))
    note(f"wrote {len(thresholds)} thresholds to the manifest of {folder}")


def _print(arguments: Namespace, model_id: str, found: "list[CalibratedThreshold]") -> None:
    if arguments.json:
        print_json({"model_id": model_id, "thresholds": [asdict(one) for one in found]})
        return
    rows = [
        (
            f"{one.fmr:g}",
            f"{one.similarity:.4f}",
            f"{one.similarity_low:.4f} to {one.similarity_high:.4f}",
            f"{one.measured_rate:.2e}",
            str(one.impostor_pairs),
        )
        for one in found
    ]
    print_table(("FMR", "threshold", "95 % interval", "measured FMR", "pairs"), rows)
