"""A run's page: its curves, what it ended with, what it was, and on what."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.errors import EngineUnavailable
from facenet_res.core.files import write_atomically
from facenet_res.evaluation.page import Section, Table, html_page
from facenet_res.evaluation.plots import Axes, Curve, curve_svg
from facenet_res.train.environment import environment
from facenet_res.train.log import CONFIG_NAME, column, read_log

PAGE_NAME = "report.html"
FIGURES = {
    "loss": "loss",
    "margin": "margin loss",
    "teacher_cosine": "cosine to the teachers",
    "validation_tar": "held-out people: TAR at FAR 1e-3",
    "pairs_accuracy": "pairs: ten-fold accuracy",
    "images_per_s": "images per second",
}


def write_page(folder: Path) -> None:
    """Writes `report.html` beside a run's log; without plots where matplotlib is absent.

    Raises:
        DataInvalid: the log is damaged.
        DiskFull: nothing could be written; an older page stays.
    """
    rows = read_log(folder)
    record = json.loads((folder / CONFIG_NAME).read_text("utf-8"))
    here = environment()
    config = record["config"]
    sections = [
        _curves(rows, config["input"]["batch_size"]),
        _results(rows, config["input"]["batch_size"]),
        Section(
            title="Where it ran",
            table=Table(
                header=("what", "value"),
                rows=(
                    ("machine", here.machine),
                    *((name, number) for name, number in here.versions.items()),
                    ("SHA-256 of the data", record["data_sha256"]),
                ),
            ),
        ),
        Section(
            title="Settings",
            text="All of them, as `config.json` has them; the recipe made them.",
            code=json.dumps(config, indent=1),
        ),
    ]
    summary = (
        f"{config['steps']} steps of {config['input']['batch_size']} crops from {config['crops']}, "
        f"{config['model']['family']} {config['model']['depth']} of width "
        f"{config['model']['width']:g}, loss {config['loss']['name']}."
    )
    page = html_page(f"Training run {config['name']}", summary, sections)
    write_atomically(folder / PAGE_NAME, page.encode())


def _curves(rows: list[dict[str, Any]], batch_size: int) -> Section:
    plots = []
    try:
        for name, title in FIGURES.items():
            steps, values = column(rows, name)
            if len(values) > 1:
                images = np.asarray(steps, np.float64) * batch_size
                axes = Axes(title=title, x="images seen", y=title)
                plots.append(curve_svg(axes, [Curve("", images, np.asarray(values))]))
    except EngineUnavailable as error:
        return Section(title="Curves", text=str(error))
    return Section(title="Curves", plots=tuple(plots))


def _results(rows: list[dict[str, Any]], batch_size: int) -> Section:
    cells = []
    for name, title in FIGURES.items():
        steps, values = column(rows, name)
        if values:
            best = min(values) if name in ("loss", "margin") else max(values)
            cells.append((title, f"{values[-1]:.4f}", f"{best:.4f}", str(steps[-1] * batch_size)))
    header = ("figure", "last", "best", "images seen")
    return Section(title="Results", table=Table(header=header, rows=tuple(cells)))
