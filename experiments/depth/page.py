"""The page about the experiment: Markdown with tables, and its plots beside it."""

import math
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from experiments.depth.crops import SIDE_PX
from experiments.depth.drawings import drawings
from experiments.depth.record import Record
from experiments.depth.summary import Measured, summarise, window_steps
from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.files import write_atomically
from facenet_res.models.census import census
from facenet_res.train.optimizer import MOMENTUM

PAGE_NAME = "depth.md"
FOLDER_NAME = "depth"
TEMPLATE = "page.md.j2"


def write_page(records: list[Record], out: Path) -> Path:
    """Writes `out/depth.md` and the plots in `out/depth`.

    Args:
        records: of `measure_depth`; plain and residual networks of the same depths.
        out: a folder, made where absent.

    Returns:
        The page's path.

    Raises:
        ConfigInvalid: no depth was measured both plain and residual.
        EngineUnavailable: matplotlib is not installed.
        DiskFull: nothing could be written.
    """
    measured = summarise(records)
    for name, data in drawings(measured).items():
        write_atomically(out / FOLDER_NAME / name, data)
    path = out / PAGE_NAME
    write_atomically(path, page_text(measured).encode())
    return path


def page_text(measured: list[Measured]) -> str:
    """The page, in Markdown.

    Raises:
        ConfigInvalid: no depth was measured both plain and residual.
    """
    classic = [each for each in measured if each.network.family == "cifar_resnet"]
    deepest = [each for each in measured if each.network.family == "cifar_preact"]
    plain = {each.network.depth: each for each in classic if each.network.is_plain}
    residual = {each.network.depth: each for each in classic if not each.network.is_plain}
    depths = sorted(set(plain) & set(residual))
    if not depths:
        raise ConfigInvalid("the page compares plain and residual networks: no depth has both")
    first = plain[depths[0]].records[0]
    steps = first.settings["steps"]
    dates = sorted({record.date for each in measured for record in each.records})
    environment = Environment(  # noqa: S701 (Markdown of our own figures, no HTML)
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(short=short, parameters=_parameters, ln=math.log)
    source = files("experiments.depth").joinpath(TEMPLATE).read_text("utf-8")
    return environment.from_string(source).render(
        measured=measured,
        classic=classic,
        deepest=deepest,
        pairs=[(plain[depth], residual[depth]) for depth in depths],
        degrades=_degrades([plain[depth] for depth in depths], residual[depths[-1]]),
        plain_last=plain[depths[-1]],
        residual_last=residual[depths[-1]],
        settings=first.settings,
        identities=first.settings["identities"],
        guess=math.log(first.settings["identities"]),
        steps=steps,
        seeds=len(plain[depths[0]].records),
        window=window_steps(steps),
        momentum=MOMENTUM,
        side_px=SIDE_PX,
        sha256=first.data_sha256,
        dates=" to ".join(dict.fromkeys((dates[0], dates[-1]))),
        environment=first.environment,
    )


def short(value: float) -> str:
    """Two or three digits: 0.00034 is "3.4e-04", 12.3 is "12.3"."""
    if value and not 1e-3 <= abs(value) < 1e4:
        return f"{value:.1e}"
    return f"{value:.3g}"


def _degrades(plain: list[Measured], residual_last: Measured) -> bool:
    """Whether each deeper plain network ended worse, and the deepest worse than its twin."""
    ends = [each.losses().middle[-1] for each in plain]
    is_rising = len(ends) > 1 and ends == sorted(ends)
    return bool(is_rising and residual_last.losses().middle[-1] < ends[-1])


def _parameters(measured: Measured) -> int:
    return census(measured.network).parameters
