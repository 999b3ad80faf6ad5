"""`facenet-res develop train RECIPE`: run or resume a training."""

import dataclasses
import math
import shutil
import tomllib
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli import train_rate
from facenet_res.cli.console import note, print_json, stages
from facenet_res.cli.keras_start import load_keras
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid, FacenetError
from facenet_res.core.extras import require

if TYPE_CHECKING:
    from facenet_res.train.loop import Progress

EXAMPLES = """examples:
  facenet-res develop train first --run runs/first
  facenet-res develop train first --run runs/try --smoke
  facenet-res develop train mine.py --run runs/mine --set steps=20000
  facenet-res develop train mine.py --find-lr rates/

A recipe is the name of a file in facenet_res/train/recipes, or the path of a .py file with a
function config(smoke) -> TrainConfig; it is run as code. The same command on the same folder
resumes the run. Relative paths of data are looked up in the folder FACENET_RES_DATA."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    parser = add_command(subparsers, "train", run, "train a network, or resume a run", EXAMPLES)
    parser.add_argument("recipe", metavar="RECIPE", help="name of a recipe, or path of a .py file")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--run", dest="folder", type=Path, metavar="DIR", help="folder of the run")
    target.add_argument(
        "--find-lr",
        type=Path,
        metavar="DIR",
        help="range test in place of a training: 100 steps of growing learning rate, the curve "
        "in DIR, a suggestion on stdout",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a setting of the recipe, as in model.depth=50; may be repeated",
    )
    parser.add_argument("--smoke", action="store_true", help="a run of seconds, for a test")


def run(arguments: Namespace) -> int:
    """Trains and says where the weights are."""
    overrides = [_override(text) for text in arguments.set]
    require("training", ("keras",), "train")
    from facenet_res.train.recipe import load_recipe

    if shutil.which("nvidia-smi"):
        # A recipe may ask Keras whether it can use the GPU; else a wrong name is told at once.
        load_keras()
    config = load_recipe(arguments.recipe, smoke=arguments.smoke)
    config = overridden(config, dict(overrides))
    load_keras()
    if arguments.find_lr:
        return train_rate.run(config, arguments)
    import keras

    from facenet_res.train.run import train

    note(
        f"{config.name}: {config.steps:,} steps of {config.input.batch_size} crops, "
        f"{keras.backend.backend()}, {config.precision}"
    )
    with stages("steps") as tell:
        end = train(
            config,
            arguments.folder,
            lambda now: tell(_figures(now), now.step, now.steps),
        )
    weights = arguments.folder / "weights.safetensors"
    if arguments.json:
        print_json({**dataclasses.asdict(end), "weights": str(weights)})
    else:
        note(f"{end.step} of {end.steps} steps done")
        if end.skipped:
            note(
                f"{end.skipped} unreadable crops were replaced by others; "
                f"{arguments.folder / 'skipped.txt'} lists them"
            )
        if not math.isnan(end.pairs):
            note(f"accuracy on the pairs: {_percent(end.pairs)}")
        note(f"curves: {arguments.folder / 'report.html'}")
        print(f"weights {weights}, validation TAR at FAR 1e-3: {_percent(end.validation)}")
    return exit_codes.OK


def overridden(config: Any, values: dict[str, Any]) -> Any:
    """A frozen dataclass with fields, perhaps of parts of it, set anew, all at once.

    At once, for some go together: teachers and the weight of the distillation.

    Args:
        config: a dataclass of dataclasses.
        values: by name, as in `model.depth`.

    Raises:
        ConfigInvalid: there is no such setting, or its value is of another type or out of range.
    """
    known = [field.name for field in dataclasses.fields(config)]
    changes: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        name, dot, rest = path.partition(".")
        if name not in known:
            raise ConfigInvalid(f"no setting {name!r} in {type(config).__name__}; it has {known}")
        if not dot:
            changes[name] = _typed(name, getattr(config, name), value)
        elif dataclasses.is_dataclass(getattr(config, name)):
            parts.setdefault(name, {})[rest] = value
        else:
            raise ConfigInvalid(f"setting {name!r} has no parts, got {path!r}")
    for name, inner in parts.items():
        changes[name] = overridden(getattr(config, name), inner)
    try:
        return dataclasses.replace(config, **changes)
    except FacenetError:
        raise
    except ValueError as error:
        raise ConfigInvalid(f"{', '.join(values)}: {error}") from error


def _typed(name: str, old: Any, value: Any) -> Any:
    """The value as the type of the old one, where nothing is lost by it."""
    if isinstance(old, float) and type(value) is int:
        value = float(value)
    if isinstance(old, tuple) and isinstance(value, list):
        value = tuple(value)
        if not all(isinstance(each, str) for each in value):
            raise ConfigInvalid(f"{name} takes a list of texts, got {value!r}")
    if type(value) is not type(old):
        hint = "; a text needs quotes where it looks like a value" if isinstance(old, str) else ""
        raise ConfigInvalid(f"{name} takes a {type(old).__name__}, got {value!r}{hint}")
    return value


def _override(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentInvalid(f"--set takes NAME=VALUE, got {text!r}")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        # A bare word is a text: --set optimizer.name=adamw needs no quotes.
        return name, value


def _figures(now: "Progress") -> str:
    """The means since the last call, for the line of progress."""
    figures = [f"{name} {value:.3f}" for name, value in now.means.items()]
    figures.append(f"{now.images_per_s:.0f} img/s")
    for name, rate in (("val", now.validation), ("pairs", now.pairs)):
        if not math.isnan(rate):
            figures.append(f"{name} {_percent(rate)}")
    return ", ".join(figures)


def _percent(rate: float) -> str:
    return "not measured" if math.isnan(rate) else f"{100 * rate:.2f} %"
