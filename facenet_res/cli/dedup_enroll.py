"""`facenet-res dedup enroll OUT --gallery DIR`: named people of a report into a gallery."""

from argparse import Namespace
from pathlib import Path

from facenet_res.cli.console import note, print_answer
from facenet_res.cli.dedup_apply import report_folder
from facenet_res.cli.options import Subparsers, add_command, add_model, opened_gallery
from facenet_res.core import exit_codes

NOTES = """examples:
  facenet-res gallery create --gallery family
  facenet-res dedup enroll report/ --gallery family

Enrols the faces of everybody who was given a name in `dedup review`; the next `dedup` run after the
review must have followed it. The name becomes person id and display name. Enrolling again changes
nothing."""


def add_parser(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "enrol the named people of a report in a gallery"
    parser = add_command(subparsers, "dedup enroll", run, summary, NOTES)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the report")
    parser.add_argument("--gallery", required=True, metavar="DIR|URL", help="gallery")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Exit status 2 where nobody was enrolled."""
    from dataclasses import asdict

    from facenet_res.dedup.enrolment import enroll_people
    from facenet_res.dedup.groups_file import read_groups

    folder = report_folder(arguments.out)
    groups = read_groups(arguments.out)
    with opened_gallery(arguments) as gallery:
        outcomes = list(enroll_people(folder, groups, gallery))
    left = [each for each in outcomes if each.message]
    for each in left:
        note(f"not enrolled {each.path} as {each.person_id}: {each.message}")
    done = [each for each in outcomes if not each.message]
    rows = [
        ("people", str(len({each.person_id for each in done}))),
        ("faces enrolled", str(len(done))),
        ("faces left out", str(len(left))),
    ]
    print_answer({"faces": [asdict(each) for each in outcomes]}, rows, as_json=arguments.json)
    return exit_codes.OK if done else exit_codes.INPUT
