"""`facenet-res evaluate groups`: does a model err more often with some people than with others?"""

from argparse import Namespace
from pathlib import Path

from facenet_res.cli.console import note, progress
from facenet_res.cli.evaluate_output import add_images, add_out, embedded, finish
from facenet_res.cli.options import Subparsers, add_command, add_model, open_recognizer
from facenet_res.core.errors import ArgumentInvalid, DataInvalid

FMR_DEFAULT = 1e-3
PHOTOS_MAX = 50_000
NOTES = """The CSV has a column file (PERSON/FILE.jpg) or identity (the folder PERSON), and one for
each attribute, its cells the names of groups. All pairs within a group are compared, at one
threshold for all groups: --threshold, or the one that accepts the share --fmr (default 1e-3) of
all pairs of two people here. A group with fewer than 300 pairs of two people has no rate of false
accepts, one with fewer than 30 of one person none of false non-matches. With both columns, identity
says who is on the file. Embeddings are made as in serving, without the mirrored face."""


def add_parsers(protocols: Subparsers) -> None:
    """Adds the command."""
    parser = add_command(
        protocols, "groups", run_groups, "rates of error per group of people", NOTES
    )
    add_images(parser)
    parser.add_argument(
        "--attributes", type=Path, required=True, metavar="CSV", help="who belongs to which group"
    )
    parser.add_argument(
        "--aligned", action="store_true", help="they are aligned faces of 112x112 px already"
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--fmr", type=float, metavar="RATE", help="share of all pairs of two people to accept"
    )
    chosen.add_argument(
        "--threshold", type=float, metavar="SIMILARITY", help="or the least similarity, -1 to 1"
    )
    add_out(parser)
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
            note(f"{table.unmentioned} images stand in no line of the table and are left out")
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
    with progress(groups, "group") as tell:
        report = judge_groups(faces, threshold, model_id, fmr=rate, on_progress=tell)
    title = "Errors per group"
    summary = (
        f"{report.images} images of {report.people} people, model {model_id}, one "
        f"threshold: {threshold:.4f}."
    )
    return finish(
        arguments, title, report, groups_rows(report), lambda: groups_page(title, summary, report)
    )
