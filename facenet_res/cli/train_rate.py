"""`facenet-res develop train RECIPE --find-lr DIR`: suggests a learning rate."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, progress
from facenet_res.core import exit_codes
from facenet_res.core.files import write_atomically

if TYPE_CHECKING:
    from facenet_res.train.config import TrainConfig

STEPS = 100
SMOKE_STEPS = 12


def run(config: "TrainConfig", arguments: Namespace) -> int:
    """Searches, writes the curve as a page, and prints the suggestion."""
    from facenet_res.data.joined import open_joined
    from facenet_res.evaluation.page import Section, html_page
    from facenet_res.train.files import crop_paths
    from facenet_res.train.find_rate import find_rate, rate_plot

    steps = SMOKE_STEPS if arguments.smoke else STEPS
    with open_joined(crop_paths(config)) as crops, progress(steps, "steps") as tell:
        found = find_rate(config, crops, steps=steps, on_step=tell)
    summary = (
        f"{_start(config)}, {len(found.rates)} batches of {config.input.batch_size}; the rate grew "
        f"from {found.rates[0]:g} to {found.rates[-1]:g}. The smoothed loss fell fastest at "
        f"{found.suggested:.3g}."
    )
    section = Section(title="Loss over learning rate", plots=(rate_plot(found),))
    page = html_page(f"Learning rates for {config.name}", summary, [section])
    arguments.find_lr.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.find_lr / "rates.html", page.encode())
    if arguments.json:
        print_json(asdict(found))
        return exit_codes.OK
    if not found.has_broken:
        note("the loss did not diverge: a higher rate may do as well")
    note(f"curve: {arguments.find_lr / 'rates.html'}")
    print(f"optimizer.learning_rate={found.suggested:.3g}")
    return exit_codes.OK


def _start(config: "TrainConfig") -> str:
    return f"From the weights {Path(config.start).name!r}" if config.start else "A fresh network"
