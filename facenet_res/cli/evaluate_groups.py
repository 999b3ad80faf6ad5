"""`facenet-res evaluate groups`: error rates per group of people."""

from argparse import Namespace
from pathlib import Path

from facenet_res.cli.console import note, progress
from facenet_res.cli.evaluate_output import add_options, embedded, finish
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_operating_point,
    open_recognizer,
)
from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.manifest import FMR_DEFAULT

PHOTOS_MAX = 50_000
NOTES = """example:
  facenet-res evaluate groups --images people/ --attributes people.csv

The CSV has a column file (PERSON/FILE.jpg) or identity (the folder PERSON), and one for each
attribute, whose cells name groups. All pairs within a group are compared at one threshold:
--threshold, or the one with the FMR --fmr over all impostor pairs (default: 1e-3). A group with
fewer than 300 impostor pairs has no FMR, one with fewer than 30 genuine pairs no FNMR. With both
columns, identity says who is on the file."""


def add_parsers(protocols: Subparsers) -> None:
    """Adds the command."""
    summary = "measure FMR and FNMR per group of people"
    parser = add_command(protocols, "groups", run_groups, summary, NOTES)
    add_options(parser, "--images")
    parser.add_argument(
        "--attributes", type=Path, required=True, metavar="CSV", help="groups of people"
    )
    add_options(parser, "--aligned")
    add_operating_point(parser)
    add_options(parser, "--out")
    add_model(parser)


def run_groups(arguments: Namespace) -> int:
    """Prints false matches and false non-matches of each group."""
    import numpy as np

    from facenet_res.data.attributes import read_attributes
    from facenet_res.evaluation.all_pairs import impostor_threshold
    from facenet_res.evaluation.groups import GroupedFaces, judge_groups
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.report import groups_rows
    from facenet_res.evaluation.report_pages import groups_page

    threshold = arguments.threshold
    if threshold is not None and not -1.0 <= threshold <= 1.0:
        raise ArgumentInvalid(f"--threshold must be in [-1, 1], got {threshold}")
    with open_images(arguments.images) as source:
        table = read_attributes(arguments.attributes, source.names)
        if len(table.images) > PHOTOS_MAX:
            raise DataInvalid(f"{len(table.images)} images, limit is {PHOTOS_MAX}")
        if table.unmentioned:
            note(f"{table.unmentioned} images are not in the table and are left out")
        with open_recognizer(arguments) as recognizer:
            rows = embedded(arguments, source, table.images, recognizer).embeddings
            model_id = recognizer.embedder.model_id
    rate = 0.0
    if threshold is None:
        rate = FMR_DEFAULT if arguments.fmr is None else arguments.fmr
        person = np.unique(np.array(table.people), return_inverse=True)[1]
        threshold = impostor_threshold(rows, person, rate)
    faces = GroupedFaces(rows, table.people, table.groups)
    groups = sum(len(set(values) - {""}) for values in table.groups.values())
    with progress(groups, "groups") as tell:
        report = judge_groups(faces, threshold, model_id, fmr=rate, on_progress=tell)
    title = "Errors per group"
    summary = (
        f"{report.images} images of {report.people} people, model {model_id}, one "
        f"threshold: {threshold:.4f}."
    )
    return finish(
        arguments, title, report, groups_rows(report), lambda: groups_page(title, summary, report)
    )
