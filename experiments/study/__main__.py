"""`python -m experiments.study`: train small networks that differ in one setting, and compare."""

import datetime
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from experiments.command import command_parser, run_command
from experiments.study.trial import load_study
from facenet_res.cli.console import note, print_table, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.core import exit_codes
from facenet_res.core.extras import require

DESCRIPTION = """Trains the trials of a study and writes a table. A study is the name of a file in
experiments/study/studies, or the path of a .py file with a function
study(smoke) -> Study; it is run as code. Each trial trains in its own folder
below RUNS. A finished trial is a JSON file in OUT/NAME and is not trained
again, so the same command resumes. OUT/NAME.md is the page with the table.

  KERAS_BACKEND=torch python -m experiments.study candidates \\
      --runs runs/study --out docs/studies"""


def main(argv: Sequence[str] | None = None) -> int:
    """Trains what is missing, writes the page and prints one line per trial; the exit status."""
    parser = command_parser("study", DESCRIPTION)
    parser.add_argument("study", help="name of a study, or path of a .py file")
    parser.add_argument(
        "--runs", type=Path, required=True, metavar="DIR", help="where the training runs go"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the page and records go"
    )
    parser.add_argument("--smoke", action="store_true", help="trainings of two steps")
    return run_command(parser, _run, argv)


def _run(arguments: Namespace) -> int:
    study = load_study(arguments.study, smoke=arguments.smoke)
    require("a study", ("keras",), "train")
    load_keras()
    import keras

    from experiments.study.measure import measure_study
    from experiments.study.page import write_page

    name = Path(arguments.study).stem
    # The user's local date: people read it.
    today = datetime.date.today()
    with stages() as tell:
        records = measure_study(study, arguments.runs, arguments.out / name, today, tell)
    page = arguments.out / f"{name}.md"
    backend = f"KERAS_BACKEND={keras.backend.backend()}"
    command = f"{backend} python -m experiments.study {arguments.study} --runs DIR --out DIR"
    write_page(study, records, page, command)
    rows = []
    for trial, record in zip(study.trials, records, strict=True):
        if record is None:
            note(f"skipped {trial.name}: {trial.needs} does not exist")
            continue
        tar = (f"{100 * record.tar[rate]:.2f} %" for rate in ("0.01", "0.001"))
        rows.append((trial.name, f"{record.parameters:,}", f"{record.images_per_s:.0f}", *tar))
    print_table(("trial", "parameters", "images/s", "TAR at 1e-2", "TAR at 1e-3"), rows)
    note(f"wrote {page}")
    return exit_codes.OK


if __name__ == "__main__":
    sys.exit(main())
