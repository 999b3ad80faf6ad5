"""`facenet-res evaluate identify|ijb`: identification, 1:N."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, progress
from facenet_res.cli.evaluate_output import add_options, embedded, finish, plan_config
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_workers,
    open_recognizer,
    opened_embedder,
)

if TYPE_CHECKING:
    from facenet_res.evaluation.report import Report, Row

IDENTIFY_NOTES = """Images lie in one folder for each person. The first people by name are enrolled
with their first images, as in `evaluate photos`; every other image is a probe, and those of the
others are probes of non-enrolled people. No threshold is given: the curves show all of them.
Rank-1 is closed-set identification, TPIR at FPIR open-set. Intervals draw people anew."""

IJB_NOTES = """A folder as InsightFace lays IJB-B and IJB-C out: meta/ijbc_face_tid_mid.txt and the
others, and loose_crop/. Images are aligned by the landmarks that come with the set. 1:1 compares
templates; 1:N searches each probe in each of two galleries, and whoever is enrolled in one is not
enrolled in the other. Tested on made-up sets in this format, not
on the real ones: see docs/evaluation.md."""

PROTOCOLS = ("11", "1n")


def add_parsers(protocols: Subparsers) -> None:
    """Adds both commands."""
    summary = "measure identification of people: CMC, TPIR at FPIR"
    parser = add_command(protocols, "identify", run_identify, summary, IDENTIFY_NOTES)
    add_options(parser, "--images", "--people", "--unknown", "--each", "--aligned")
    add_workers(parser)
    add_options(parser, "--no-flip", "--out")
    add_model(parser)

    summary = "measure by the protocols of IJB-B and IJB-C"
    parser = add_command(protocols, "ijb", run_ijb, summary, IJB_NOTES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the set")
    parser.add_argument(
        "--protocol", choices=PROTOCOLS, help="1:1 or 1:N alone (default: those whose files exist)"
    )
    parser.add_argument(
        "--no-scores", action="store_true", help="do not weight images by the detection score"
    )
    add_options(parser, "--no-flip", "--out")
    add_model(parser)


def run_identify(arguments: Namespace) -> int:
    """Prints rank rates and TPIR at FPIR of a folder of people."""
    from facenet_res.evaluation.gallery_search import judge_search
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.photos import plan_photos
    from facenet_res.evaluation.report import identification_rows
    from facenet_res.evaluation.report_pages import identification_page

    with open_images(arguments.images) as source:
        plan = plan_photos(source.names, plan_config(arguments))
        names = [photo.name for photo in (*plan.enrolled, *plan.known, *plan.unknown)]
        with open_recognizer(arguments, flip=not arguments.no_flip) as recognizer:
            subjects = embedded(arguments, source, names, recognizer)
            report = judge_search(plan, subjects.embeddings, recognizer.embedder.model_id)
    rows = identification_rows(report)
    missed = len(subjects.without_face)
    rows.append(("images without a face", f"{missed}, the centre of the image was used"))
    title, summary = "People searched", f"{len(names)} images, model {report.model_id}."
    return finish(
        arguments, title, report, rows, lambda: identification_page(title, summary, {"": report})
    )


def run_ijb(arguments: Namespace) -> int:
    """Prints the figures of the 1:1 and 1:N protocols of an IJB set."""
    from facenet_res.data import templates as files
    from facenet_res.evaluation import ijb, report, report_pages
    from facenet_res.evaluation.page import html_page

    found = files.read_template_set(arguments.folder)
    wanted = [arguments.protocol] if arguments.protocol else list(files.protocols(found))
    pairs = files.read_template_pairs(found) if "11" in wanted else None
    searches = files.read_identification(found) if "1n" in wanted else None
    with (
        opened_embedder(arguments, flip=not arguments.no_flip) as embedder,
        progress(len(found.images), "images") as tell,
    ):
        embeddings = ijb.embed_template_images(found, embedder, tell)
        model_id = embedder.model_id
    pooled = ijb.pool_templates(embeddings, found, uses_scores=not arguments.no_scores)
    note(f"{len(found.images)} images in {len(pooled.ids)} templates")
    reports: dict[str, Report] = {}
    rows: list[Row] = []
    sections = []
    if pairs is not None:
        one = ijb.judge_template_pairs(pooled, pairs, model_id)
        reports["1:1"] = one
        rows += report.verification_rows(one)
        sections += report_pages.verification_sections(one)
    if searches is not None:
        galleries = ijb.judge_galleries(pooled, searches, model_id)
        for name, each in galleries.items():
            reports[f"1:N {name}"] = each
            rows += [(f"{name}: {what}", value) for what, value in report.identification_rows(each)]
            sections += report_pages.identification_sections(each, name)
        rows += report.mean_rows(galleries)
    title, summary = found.name.upper(), f"{len(pooled.ids)} templates, model {model_id}."
    return finish(arguments, title, reports, rows, lambda: html_page(title, summary, sections))
