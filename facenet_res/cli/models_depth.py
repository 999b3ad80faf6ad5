"""`facenet-res models depth`: measure what the skip buys, and write the page about it."""

import dataclasses
import datetime
import importlib.util
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_json, print_table, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import EngineUnavailable

if TYPE_CHECKING:
    from facenet_res.train.depth.summary import Measured

NEEDED = {"keras": "train", "matplotlib": "plots"}
EXAMPLES = """examples:
  KERAS_BACKEND=torch OMP_NUM_THREADS=1 facenet-res models depth --out docs
  facenet-res models depth --smoke --crops mine.zip --out out/smoke

Plain and residual networks of 20, 56 and 110 layers and a residual one of 1001 are measured before
their first step and trained for some hundred steps on small crops: an hour or so of one CPU. Each
network that is finished is a JSON file in OUT/depth and is not measured again: the same command
goes on where it was stopped. OUT/depth.md and its plots are written at the end."""


def add_parser(actions: Subparsers) -> None:
    """Adds the command below `models`."""
    summary = "measure plain and residual networks of 20 to 1001 layers, and write a page"
    parser = add_command(actions, "depth", run, summary, EXAMPLES, is_inner=True)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where depth.md and depth/ go"
    )
    parser.add_argument(
        "--crops",
        default="",
        metavar="DIR_OR_ZIP",
        help="aligned crops (default: crops.zip where FACENET_RES_DATA points)",
    )
    parser.add_argument("--smoke", action="store_true", help="tiny networks, in seconds")


def run(arguments: Namespace) -> int:
    """Measures, writes the page, and prints a line for each network."""
    for module, extra in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise EngineUnavailable(
                f"the experiment needs {module}: pip install 'facenet-res[{extra}]'"
            )
    load_keras()
    from facenet_res.data.crops import read_crops
    from facenet_res.data.location import data_path
    from facenet_res.train.depth.config import depth_config
    from facenet_res.train.depth.experiment import measure_depth
    from facenet_res.train.depth.page import FOLDER_NAME, write_page
    from facenet_res.train.depth.summary import summarise

    config = depth_config(smoke=arguments.smoke)
    path = data_path(config.crops)
    if arguments.crops:
        path = Path(arguments.crops)
        config = dataclasses.replace(config, crops=path.name)
    # The day is the user's: it is written for people.
    today = datetime.date.today()
    with stages() as tell:
        records = measure_depth(config, read_crops(path), arguments.out / FOLDER_NAME, today, tell)
    page = write_page(records, arguments.out)
    measured = summarise(records)
    if arguments.json:
        print_json({"page": str(page), "networks": [_document(each) for each in measured]})
        return exit_codes.OK
    print_table(
        ("network", "seeds", "loss first", "loss last", "gradient first/last"),
        [_row(each) for each in measured],
    )
    note(f"the page is {page}")
    return exit_codes.OK


def _row(each: "Measured") -> tuple[str, ...]:
    losses = each.losses().middle
    return (
        each.name,
        f"{len(each.records)}",
        f"{losses[0]:.3f}",
        f"{losses[-1]:.3f}",
        f"{each.gradients('bn').growth:.3g}",
    )


def _document(each: "Measured") -> dict[str, Any]:
    losses = each.losses().middle
    return {
        "name": each.name,
        "seeds": [record.settings["seed"] for record in each.records],
        "steps": each.records[0].settings["steps"],
        "loss_first": float(losses[0]),
        "loss_last": float(losses[-1]),
        "gradient_first_over_last": each.gradients("bn").growth,
    }
