"""`python -m experiments.depth`: train plain and residual networks, and write docs/depth.md."""

import dataclasses
import datetime
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from experiments.command import command_parser, run_command
from facenet_res.cli.console import note, print_table, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.core import exit_codes
from facenet_res.core.extras import require

DESCRIPTION = """Compares plain and residual networks of 20, 56 and 110 layers and a residual
network of 1001 layers: gradients before the first step, and some hundred steps
of training on small crops. Takes about an hour on one CPU. A finished network
is a JSON file in OUT/depth and is not measured again, so the same command
resumes. OUT/depth.md and its plots are written at the end.

  KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m experiments.depth --out docs"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, writes the page and prints one line per network; the exit status."""
    parser = command_parser("depth", DESCRIPTION)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where depth.md and depth/ go"
    )
    parser.add_argument(
        "--crops",
        type=Path,
        metavar="DIR_OR_ZIP",
        help="aligned crops (default: crops.zip in FACENET_RES_DATA)",
    )
    parser.add_argument("--smoke", action="store_true", help="tiny networks, in seconds")
    return run_command(parser, _run, argv)


def _run(arguments: Namespace) -> int:
    require("the experiment", ("keras", "matplotlib"), "train,plots")
    load_keras()
    from experiments.depth.config import depth_config
    from experiments.depth.experiment import measure_depth
    from experiments.depth.page import FOLDER_NAME, write_page
    from experiments.depth.summary import summarise
    from facenet_res.data.crops import read_crops
    from facenet_res.data.location import data_path

    config = depth_config(smoke=arguments.smoke)
    path = data_path(config.crops)
    if arguments.crops is not None:
        path = arguments.crops
        config = dataclasses.replace(config, crops=path.name)
    # The user's local date: people read it.
    today = datetime.date.today()
    with stages() as tell:
        records = measure_depth(config, read_crops(path), arguments.out / FOLDER_NAME, today, tell)
    page = write_page(records, arguments.out)
    rows = []
    for each in summarise(records):
        losses = each.losses().middle
        growth = f"{each.gradients('bn').growth:.3g}"
        rows.append(
            (each.name, f"{len(each.records)}", f"{losses[0]:.3f}", f"{losses[-1]:.3f}", growth)
        )
    print_table(("network", "seeds", "loss first", "loss last", "gradient first/last"), rows)
    note(f"wrote {page}")
    return exit_codes.OK


if __name__ == "__main__":
    sys.exit(main())
