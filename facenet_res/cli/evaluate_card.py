"""`facenet-res evaluate card`: a model card and its page."""

import dataclasses
import datetime
import json
import os
import platform
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_json, print_table, stages
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    open_recognizer,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import DataInvalid, FileMissing, NotWritable
from facenet_res.core.model_names import DEFAULT

if TYPE_CHECKING:
    from facenet_res.evaluation.judged_record import Circumstances
    from facenet_res.evaluation.judging import Judged, Network
    from facenet_res.evaluation.model_card import RunHistory

TEACHER = "weights/face_reid_retail_0095.onnx"
TEACHER_NAME = "face-reid-retail-0095"
PAGE_NAME = "judged.html"
VERSIONS = ("numpy", "openvino", "opencv-python-headless")
NOTES = """example:
  facenet-res evaluate card --model models/mine --out report/

Measures a model on the data in the folder FACENET_RES_DATA: LFW's pairs, clean and degraded in six
ways; all pairs of the held-out identities; identification; false matches by group among held-out
crops without identity; speed and size. A second network, the teacher, is measured on the same
faces. Writes MODEL_CARD.md and judged.json into --out and a page with plots to --page, at the end:
some ten minutes on two cores. Missing data is reported first."""
COMMANDS = """facenet-res evaluate card --model {model} --out {out}
facenet-res evaluate lfw --model {model} --images lfw.zip --pairs lfw_pairs.txt
facenet-res evaluate photos --model {model} --images photos.zip
facenet-res calibrate --model {model} --held-out --dry-run"""


def add_parsers(protocols: Subparsers) -> None:
    """Adds the command."""
    summary = "measure everything: a model card and a page"
    parser = add_command(protocols, "card", run_card, summary, NOTES)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the card"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help=f"page (default: {PAGE_NAME} in --out)"
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="ONNX_OR_DIR",
        help=f"network to compare with (default: {TEACHER})",
    )
    parser.add_argument(
        "--pairs-max", type=int, default=0, metavar="N", help="at most N pairs of LFW, for a test"
    )
    add_model(parser)


def run_card(arguments: Namespace) -> int:
    """Judges, writes and prints."""
    from facenet_res.core.files import write_atomically
    from facenet_res.core.model_names import model_folder
    from facenet_res.data.location import data_path
    from facenet_res.evaluation import judged_tables
    from facenet_res.evaluation.judge_data import JudgeConfig, judge_files, load_judge_data
    from facenet_res.evaluation.judged_page import judged_page
    from facenet_res.evaluation.judged_record import RECORD_NAME, record, record_text
    from facenet_res.evaluation.judging import judge_network
    from facenet_res.evaluation.model_card import CARD_NAME, model_card

    page_path = arguments.page or arguments.out / PAGE_NAME
    for folder in (arguments.out, page_path.parent):
        check_writable(folder)
    files = judge_files()
    folder = model_folder(arguments.model)
    history = read_history(folder)
    more = tuple(data_path(name) for name in (history.more_crops if history else ()))
    config = JudgeConfig(pairs_max=arguments.pairs_max, more_crops=more)
    with (
        _network(arguments, folder) as model,
        _teacher_folder(arguments) as teacher_folder,
        _network(arguments, teacher_folder, is_mirrored=model.is_mirrored) as teacher,
        stages() as tell,
    ):
        data = load_judge_data(files, model.recognizer, config, tell)
        judged = (
            judge_network(model, data, config, tell),
            judge_network(teacher, data, config, tell),
        )
    now = circumstances(arguments)
    commands = COMMANDS.format(model=_shown(folder), out=_shown(arguments.out))
    title = "the default weights" if arguments.model == DEFAULT else judged[0].manifest.model_id
    card = model_card(judged, now, data.trained_on, history, title=title, commands=commands)
    document = record(*judged, now)
    page = judged_page(judged, now, history, commands)
    write_atomically(page_path, page.encode())
    write_atomically(arguments.out / CARD_NAME, card.encode())
    # The last: without it the tests refuse what was written before.
    write_atomically(arguments.out / RECORD_NAME, record_text(document).encode())
    note(f"wrote {arguments.out / CARD_NAME}, {arguments.out / RECORD_NAME} and {page_path}")
    if arguments.json:
        print_json(document)
        return exit_codes.OK
    _print(judged_tables, judged)
    return exit_codes.OK


def check_writable(folder: Path) -> None:
    """Says before the work that its files could not be written after it.

    Raises:
        NotWritable: a file is in the way, or we may not write there.
    """
    existing = next(
        each for each in (folder.absolute(), *folder.absolute().parents) if each.exists()
    )
    if not existing.is_dir():
        raise NotWritable(f"cannot write into {folder}: {existing} is no folder")
    if not os.access(existing, os.W_OK):
        raise NotWritable(f"cannot write into {folder}: {existing} may not be written")


def read_history(folder: Path) -> "RunHistory | None":
    """The training that a model folder tells of in `training/`, or None where it does not.

    Runs that came before the last one lie in `training/earlier/1/`, `training/earlier/2/`, ...

    Raises:
        DataInvalid: a config.json or log.jsonl is damaged.
    """
    from facenet_res.core.artifact import TRAINING
    from facenet_res.train.lineage import earlier_runs
    from facenet_res.train.log import CONFIG_NAME

    training = folder / TRAINING
    if not (training / CONFIG_NAME).is_file():
        return None
    runs = tuple(_read_run(path) for path in earlier_runs(training))
    return dataclasses.replace(_read_run(training), earlier=runs)


def _read_run(folder: Path) -> "RunHistory":
    from facenet_res.evaluation.judge_data import HeldOut
    from facenet_res.evaluation.model_card import RunHistory
    from facenet_res.train.log import CONFIG_NAME, column, read_log

    try:
        record = json.loads((folder / CONFIG_NAME).read_text("utf-8"))
        config, sha256 = record["config"], str(record.get("data_sha256", ""))
        batch = int(config["input"]["batch_size"])
        start = str(config.get("start", ""))
        rows = read_log(folder)
        steps, rates = column(rows, "validation_tar")
        # One teacher was named otherwise once.
        teachers = config.get("teachers", [config["teacher"]] if config.get("teacher") else [])
        held_out = HeldOut(
            int(config.get("held_out_identities", 0)),
            int(config.get("crops_per_identity_min", 0)),
            int(config.get("held_out_unlabelled", 0)),
        )
        last = max((int(row["step"]) for row in rows), default=int(config.get("steps", 0)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataInvalid(f"{folder} holds no record of a training: {error!r}") from error
    return RunHistory(
        crops_sha256=sha256,
        # Where the weights lay on somebody's machine is nobody else's matter.
        start=Path(start).name if Path(start).is_absolute() else start,
        steps=last,
        batch_size=batch,
        teachers=tuple(Path(each).name for each in teachers),
        held_out=held_out,
        more_crops=tuple(str(name) for name in config.get("more_crops", ())),
        validation=tuple((step * batch, rate) for step, rate in zip(steps, rates, strict=True)),
    )


def circumstances(arguments: Namespace) -> "Circumstances":
    """Here and now."""
    from facenet_res import __version__
    from facenet_res.core.machine import machine_text, package_version
    from facenet_res.evaluation.judged_record import Circumstances

    versions = {"facenet-res": __version__, "python": platform.python_version()}
    versions |= {name: package_version(name) for name in VERSIONS}
    is_default = arguments.model == DEFAULT and not arguments.pairs_max and not arguments.teacher
    return Circumstances(
        date=f"{datetime.date.today():%Y-%m-%d}",
        machine=machine_text(),
        versions=versions,
        detector=arguments.detector,
        command="make judge" if is_default else "facenet-res evaluate card",
    )


@contextmanager
def _network(
    arguments: Namespace, folder: Path, *, is_mirrored: bool = False
) -> "Iterator[Network]":
    """A network as it serves, with mirror images where its manifest or the caller says so."""
    from facenet_res.core.artifact import read_artifact
    from facenet_res.evaluation.judging import Network

    artifact = read_artifact(folder)
    mirrors = is_mirrored or artifact.manifest.is_mirrored
    chosen = Namespace(**{**vars(arguments), "model": folder})
    with ExitStack() as stack:
        recognizer = stack.enter_context(open_recognizer(chosen, flip=mirrors))
        mirrored = (
            recognizer if mirrors else stack.enter_context(open_recognizer(chosen, flip=True))
        )
        yield Network(artifact, recognizer, mirrored.embedder, mirrors)


@contextmanager
def _teacher_folder(arguments: Namespace) -> Iterator[Path]:
    """A model folder of the teacher: as given, or made of an ONNX file for the time being."""
    from facenet_res.convert.importing import ImportConfig, import_model
    from facenet_res.data.location import data_path

    path = arguments.teacher or data_path(TEACHER)
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise FileMissing(f"no teacher at {path}: name an ONNX file or a model folder, --teacher")
    name = TEACHER_NAME if arguments.teacher is None else path.stem
    config = ImportConfig(
        name=name, licence="see its origin", as_is=True, mean=127.5, scale=127.5, colour_order="RGB"
    )
    with tempfile.TemporaryDirectory(prefix="facenet-res-") as folder:
        yield import_model(path, Path(folder) / "teacher", config).artifact.folder


def _shown(path: Path) -> str:
    """A path as a command would name it: from here where it lies below."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _print(tables: Any, judged: "tuple[Judged, Judged]") -> None:
    for make in (
        tables.figure_table,
        tables.groups_table,
        tables.disparity_table,
        tables.robustness_table,
        tables.cost_table,
    ):
        table = make(*judged)
        print_table(table.header, table.rows)
        print()
