"""`facenet-res evaluate lfw|pairs|bin|scores`: verification, 1:1."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import progress
from facenet_res.cli.evaluate_output import add_options, embedded, finish
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_workers,
    open_recognizer,
    opened_embedder,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facenet_res.data.pairs import PairSet
    from facenet_res.evaluation.bootstrap import DrawnUnits
    from facenet_res.evaluation.verification_report import VerificationReport

LFW_NOTES = """example:
  facenet-res evaluate lfw --images lfw.zip --pairs pairs.txt --out report/

Images are NAME/NAME_0001.jpg. Each is detected and aligned; of several faces the one that is large
and central is taken (area minus twice the squared distance of the centres). An image without a
face is counted, and its centre is used. The embedding is f(x) + f(mirrored x).
Accuracy is the mean over ten folds, each at the threshold that is best on the others, with its
standard error. Intervals are bootstrapped over people. See docs/evaluation.md."""

PAIRS_NOTES = """example:
  facenet-res evaluate pairs --images photos/ --pairs mine.csv

The CSV has the columns first, second (names as in --images), same (1 or 0) and, optionally, fold,
first_person and second_person. Without fold, pairs are dealt out to ten folds. Intervals are
bootstrapped over people where they are named, else over pairs, which makes them too narrow where a
person is in several pairs."""

BIN_NOTES = """example:
  facenet-res evaluate bin agedb_30.bin --model models/mine

Verification sets of InsightFace: lfw.bin, cfp_fp.bin, agedb_30.bin and others. The file is a
pickle; no code in it is run. Its crops are aligned already. Ten folds in the order of the file.
The file does not name people, so intervals are bootstrapped over pairs and too narrow."""

SCORES_NOTES = """example:
  facenet-res evaluate scores --scores scores.csv --out report/

The CSV has the columns similarity (greater is closer), same (1 or 0) and, optionally, fold,
first_person and second_person. No model and no image is needed."""


def add_parsers(protocols: Subparsers) -> None:
    """Adds the four commands."""
    summary = "measure verification of LFW's pairs, by ten folds"
    parser = add_command(protocols, "lfw", run_lfw, summary, LFW_NOTES)
    parser.add_argument(
        "--pairs", type=Path, required=True, metavar="FILE", help="LFW's pairs.txt, or one like it"
    )
    add_options(parser, "--images")
    _add_embedding(parser)
    summary = "measure verification of your own pairs"
    parser = add_command(protocols, "pairs", run_pairs, summary, PAIRS_NOTES)
    parser.add_argument("--pairs", type=Path, required=True, metavar="CSV", help="pairs")
    add_options(parser, "--images", "--aligned")
    _add_embedding(parser)
    summary = "measure verification of a .bin set of InsightFace"
    parser = add_command(protocols, "bin", run_bin, summary, BIN_NOTES)
    parser.add_argument("set", type=Path, metavar="FILE", help="the .bin file")
    add_options(parser, "--no-flip", "--out")
    add_model(parser)
    summary = "measure similarities of another system"
    parser = add_command(protocols, "scores", run_scores, summary, SCORES_NOTES)
    parser.add_argument("--scores", type=Path, required=True, metavar="CSV", help="scored pairs")
    add_options(parser, "--out")


def _add_embedding(parser: ArgumentParser) -> None:
    add_workers(parser)
    add_options(parser, "--no-flip", "--out")
    add_model(parser)


def run_lfw(arguments: Namespace) -> int:
    """Prints the accuracy by folds and what belongs to it."""
    from facenet_res.data.pairs import read_pairs
    from facenet_res.evaluation.pairs import people_units

    pairs = read_pairs(arguments.pairs)
    report = _judged(arguments, pairs, people_units(pairs))
    return _finish(arguments, "Pairs of images", report)


def run_pairs(arguments: Namespace) -> int:
    """Prints the figures of pairs that a table names."""
    from facenet_res.data.pair_table import read_pair_table

    pairs, people = read_pair_table(arguments.pairs)
    report = _judged(arguments, pairs, _units(people, len(pairs)))
    return _finish(arguments, "Pairs of images", report)


def run_bin(arguments: Namespace) -> int:
    """Prints the figures of a verification set."""
    from facenet_res.data.bin_set import read_bin_set
    from facenet_res.evaluation.pairs import judge_bin_set

    pairs = read_bin_set(arguments.set)
    with (
        opened_embedder(arguments, flip=not arguments.no_flip) as embedder,
        progress(len(pairs.images), "faces") as tell,
    ):
        report = judge_bin_set(pairs, embedder, on_progress=tell)
    return _finish(arguments, arguments.set.name, report)


def run_scores(arguments: Namespace) -> int:
    """Prints the figures of similarities measured elsewhere."""
    from facenet_res.data.pair_table import read_scored_pairs
    from facenet_res.evaluation.verification import dealt_folds
    from facenet_res.evaluation.verification_report import Measured, ScoredPairSet, judge_scores

    pairs = read_scored_pairs(arguments.scores)
    scored = ScoredPairSet(
        similarities=pairs.similarities,
        is_same=pairs.is_same,
        folds=pairs.folds if len(set(pairs.folds.tolist())) > 1 else dealt_folds(pairs.is_same),
        units=_units(pairs.people, len(pairs.is_same)),
    )
    return _finish(arguments, "Similarities", judge_scores(scored, Measured()))


def _units(people: "NDArray[np.int64]", pairs: int) -> "DrawnUnits":
    """The people that a table names; the pairs where it names none."""
    from facenet_res.evaluation.bootstrap import pair_units, people_or_pairs

    return people_or_pairs(people[:, 0], people[:, 1]) if len(people) else pair_units(pairs)


def _judged(arguments: Namespace, pairs: "PairSet", units: "DrawnUnits") -> "VerificationReport":
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.pairs import judge_pairs, located

    with open_images(arguments.images) as source:
        names = located(pairs, source.names)
        with open_recognizer(arguments, flip=not arguments.no_flip) as recognizer:
            subjects = embedded(arguments, source, names, recognizer)
            return judge_pairs(pairs, subjects, recognizer.embedder.model_id, units)


def _finish(arguments: Namespace, title: str, report: "VerificationReport") -> int:
    from facenet_res.evaluation.report import verification_rows
    from facenet_res.evaluation.report_pages import verification_page

    summary = f"{report.pairs} pairs" + (f", model {report.model_id}." if report.model_id else ".")
    rows = verification_rows(report)
    return finish(arguments, title, report, rows, lambda: verification_page(title, summary, report))
