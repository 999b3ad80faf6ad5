"""`facenet-res models study`: train many small networks that differ in one thing, and compare."""

import dataclasses
import datetime
import importlib.util
from argparse import Namespace
from pathlib import Path

from facenet_res.cli.console import note, print_json, print_table, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import EngineUnavailable

EXAMPLES = """examples:
  KERAS_BACKEND=torch facenet-res models study candidates --runs runs/study --out docs/studies
  facenet-res models study mine.py --runs runs/mine --out out/mine

A study is the name of a file in facenet_res/train/study/studies, or the path of a .py file of your
own with a function study(smoke) -> Study; it is run as code. Each trial is a training of its own,
in a folder below RUNS. A finished one is a JSON file in OUT/NAME and is not trained again: the same
command goes on where it was stopped. OUT/NAME.md is the page with the table."""


def add_parser(actions: Subparsers) -> None:
    """Adds the command below `models`."""
    summary = "train small networks that differ in one thing, and write the table"
    parser = add_command(actions, "study", run, summary, EXAMPLES, is_inner=True)
    parser.add_argument("study", help="name of a study, or path of a .py file")
    parser.add_argument(
        "--runs", type=Path, required=True, metavar="DIR", help="where the trainings' folders go"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the page and records go"
    )
    parser.add_argument("--smoke", action="store_true", help="trainings of two steps")


def run(arguments: Namespace) -> int:
    """Trains what is missing, writes the page, and prints a line for each trial."""
    if importlib.util.find_spec("keras") is None:
        raise EngineUnavailable('a study needs Keras: pip install "facenet-res[train]"')
    from facenet_res.train.study.trial import load_study

    study = load_study(arguments.study, smoke=arguments.smoke)
    load_keras()
    import keras

    from facenet_res.train.study.measure import measure_study
    from facenet_res.train.study.page import write_page

    name = Path(arguments.study).stem
    # The day is the user's: it is written for people.
    today = datetime.date.today()
    with stages() as tell:
        records = measure_study(study, arguments.runs, arguments.out / name, today, tell)
    page = arguments.out / f"{name}.md"
    backend = f"KERAS_BACKEND={keras.backend.backend()}"
    command = f"{backend} facenet-res models study {arguments.study} --runs DIR --out DIR"
    write_page(study, records, page, command)
    measured = [
        (trial, record)
        for trial, record in zip(study.trials, records, strict=True)
        if record is not None
    ]
    if arguments.json:
        rows = [
            {"name": trial.name, "what": trial.what, **dataclasses.asdict(record)}
            for trial, record in measured
        ]
        print_json({"page": str(page), "trials": rows})
        return exit_codes.OK
    print_table(
        ("trial", "parameters", "images/s", "TAR at 1e-2", "TAR at 1e-3"),
        [
            (
                trial.name,
                f"{record.parameters:,}",
                f"{record.images_per_s:.0f}",
                f"{100 * record.tar['0.01']:.2f} %",
                f"{100 * record.tar['0.001']:.2f} %",
            )
            for trial, record in measured
        ],
    )
    for trial, record in zip(study.trials, records, strict=True):
        if record is None:
            note(f"{trial.name} was not run: it needs {trial.needs}, which is absent")
    note(f"the page is {page}")
    return exit_codes.OK
