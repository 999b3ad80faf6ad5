"""`facenet-res gallery backup`, `export`, `migrate`, `fsck`: a gallery as a whole, no model."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from facenet_res.cli.console import counted, print_json
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from facenet_res.gallery.full_check import CheckReport
    from facenet_res.gallery.types import Counts


def run_backup(arguments: Namespace) -> int:
    """Copies the gallery and checks the copy; needs no model."""
    from facenet_res.gallery.backup import back_up
    from facenet_res.gallery.opening import folder_of

    folder = folder_of(arguments.gallery, "back it up with pg_basebackup or pg_dump")
    return _print_report(arguments, back_up(folder, arguments.to))


def run_export(arguments: Namespace) -> int:
    """Exports the gallery; needs no model."""
    from facenet_res.gallery.exchange import export_people
    from facenet_res.gallery.gallery import EmbeddingGallery

    with EmbeddingGallery.open(arguments.gallery, read_only=True) as gallery:
        counts = export_people(gallery, arguments.file)
    return _print_counts(arguments, "exported", counts)


def run_import(arguments: Namespace) -> int:
    """Imports everybody of a file or, where it is damaged, nobody; needs no model."""
    from facenet_res.gallery.exchange import import_people
    from facenet_res.gallery.gallery import EmbeddingGallery

    with EmbeddingGallery.open(arguments.gallery) as gallery:
        counts = import_people(gallery, arguments.file)
    return _print_counts(arguments, "imported", counts)


def run_check(arguments: Namespace) -> int:
    """Checks the gallery; needs no model."""
    from facenet_res.gallery.full_check import check

    return _print_report(arguments, check(arguments.gallery))


def run_migrate(arguments: Namespace) -> int:
    """Copies the gallery into another kind of store and checks the copy; needs no model."""
    from facenet_res.gallery.migrating import migrate

    return _print_report(arguments, migrate(arguments.gallery, arguments.to))


def _print_report(arguments: Namespace, report: "CheckReport") -> int:
    if arguments.json:
        print_json(asdict(report))
    else:
        counts = report.counts
        print(
            f"sound: {counts.persons} people, {counted(counts.faces, 'face')}, "
            f"{counted(report.crops, 'crop')}, {report.log_entries} log entries"
        )
    return exit_codes.OK


def _print_counts(arguments: Namespace, done: str, counts: "Counts") -> int:
    if arguments.json:
        print_json(asdict(counts))
    else:
        print(f"{done} {counts.persons} people, {counted(counts.faces, 'face')}")
    return exit_codes.OK
