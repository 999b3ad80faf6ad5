"""MODEL_CARD.md: what a model is, what it was made of and how good it is, every number measured."""

import math
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from facenet_res.core.manifest import Manifest
from facenet_res.evaluation import judged_tables
from facenet_res.evaluation.judge_data import HeldOut, TrainedOn
from facenet_res.evaluation.judged_record import Circumstances
from facenet_res.evaluation.judging import Judged
from facenet_res.evaluation.page import Table
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import dlib_channels, stage_channels

CARD_NAME: Final = "MODEL_CARD.md"
DLIB: Final = "dlib-resnet"
TEMPLATE: Final = "model_card.md.j2"
VALIDATIONS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """The training that made a model, as its folder tells.

    Attributes:
        crops_sha256: of the training set; see `data.crops.fingerprint`.
        start: weights that it began with; "" for none.
        steps: done.
        batch_size: crops of a step.
        teachers: names of their files.
        more_crops: names of further sets that it learned from.
        held_out: of the crops.
        validation: images seen and true match rate at FMR 1e-3 of the held-out identities.
        earlier: the runs that it went on from, the first of them first.
    """

    crops_sha256: str
    start: str
    steps: int
    batch_size: int
    teachers: tuple[str, ...]
    held_out: HeldOut
    validation: tuple[tuple[int, float], ...]
    more_crops: tuple[str, ...] = ()
    earlier: tuple["RunHistory", ...] = ()

    @property
    def images(self) -> int:
        """Images seen in this run."""
        return self.steps * self.batch_size

    @property
    def images_in_all(self) -> int:
        """Images seen in this run and those before it."""
        return self.images + sum(run.images for run in self.earlier)

    def learned_from(self, crops: TrainedOn) -> bool:
        """Whether this run and those before it learned from that set, and from nothing else.

        Weights that it began with and that no run before it made may have seen anything; the card
        states what dlib's have seen.
        """
        runs = (*self.earlier, self)
        return runs[0].start in ("", DLIB) and all(run.crops_sha256 == crops.sha256 for run in runs)

    def spared(self, crops: TrainedOn) -> bool:
        """Whether this run and those before it learned from that set less its held-out part."""
        runs = (*self.earlier, self)
        return self.learned_from(crops) and all(run.held_out.covers(crops.held_out) for run in runs)

    @property
    def shown(self) -> tuple[tuple[int, float], ...]:
        """At most a dozen validations, evenly, the last among them."""
        step = -(-len(self.validation) // VALIDATIONS_SHOWN) or 1
        return self.validation[::-1][::step][::-1]


def model_card(
    judged: tuple[Judged, Judged],
    circumstances: Circumstances,
    trained_on: TrainedOn,
    history: RunHistory | None,
    *,
    title: str,
    commands: str,
) -> str:
    """The card, in Markdown.

    Args:
        judged: the model's figures and the teacher's.
        circumstances: when, where and by what.
        trained_on: what the held-out part left of the crops.
        history: None where the folder has none.
        title: after "Model card: ".
        commands: that measure each figure alone, a line each.
    """
    model, teacher = judged
    source = files("facenet_res.evaluation").joinpath(TEMPLATE).read_text("utf-8")
    # Markdown, not HTML: nothing is escaped but the bars in cells.
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )
    environment.filters["table"] = markdown_table
    return environment.from_string(source).render(
        title=title,
        commands=commands,
        circumstances=circumstances,
        versions=", ".join(f"{name} {number}" for name, number in circumstances.versions.items()),
        manifest=model.manifest,
        teacher=teacher.manifest,
        network=network_text(model.manifest),
        files=", ".join(f"`{file.name}`" for file in model.manifest.files),
        thresholds=_thresholds(model.manifest),
        conditions=conditions_table(model.manifest),
        engine=model.engine,
        is_mirrored=model.is_mirrored,
        robust_pairs=sum(fold.pairs for fold in model.robustness[0].accuracy.folds),
        trained_on=trained_on,
        history=history,
        is_known=history is not None and history.learned_from(trained_on),
        is_spared=history is not None and history.spared(trained_on),
        cost=model.cost,
        validation=model.validation,
        photos=model.photos,
        groups=model.groups,
        teacher_groups=teacher.groups,
        figures=judged_tables.figure_table(model, teacher),
        disparities=judged_tables.disparity_table(model, teacher),
        group_rates=judged_tables.groups_table(model, teacher),
        robustness=judged_tables.robustness_table(model, teacher),
        costs=judged_tables.cost_table(model, teacher),
        errors=_errors(model, teacher),
        worst_groups=_worst_groups(model),
        hardest=min(model.robustness, key=lambda one: one.accuracy.mean),
    )


def markdown_table(table: Table) -> str:
    """A table as Markdown has it."""
    lines: list[Any] = [table.header, ["---"] * len(table.header), *table.rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def network_text(manifest: Manifest) -> str:
    """The network in words, as far as the manifest has it."""
    if not manifest.network:
        return "a network of others, served as it is"
    config = ModelConfig.from_dict(manifest.network)
    if config.family == "dlib_resnet":
        channels = ", ".join(str(count) for count in dlib_channels(config.width))
        return f"ResNet-{config.depth} in dlib's form ({channels} channels)"
    channels = ", ".join(str(count) for count in stage_channels(config.width))
    return (
        f"IResNet-{config.depth}, width {config.width:g} ({channels} channels), "
        f"{config.stem} stem, {config.head} head"
    )


def _thresholds(manifest: Manifest) -> str:
    found = [
        f"{one.similarity:.3f} for FMR {one.fmr:.0e} "
        f"({one.similarity_low:.3f} to {one.similarity_high:.3f})"
        for one in manifest.thresholds
    ]
    return ", ".join(found) or "none"


def conditions_table(manifest: Manifest) -> Table:
    """The thresholds of each condition by FMR; no rows where none was calibrated."""
    rates = [one.fmr for one in manifest.thresholds]
    named = [(one.name, one.definition, one.thresholds) for one in manifest.conditions]
    rows = []
    for name, definition, thresholds in (*named, ("worst", "", manifest.worst_thresholds)):
        found = {one.fmr: f"{one.similarity:.3f}" for one in thresholds}
        cells = [found.get(rate, "too few pairs") for rate in rates]
        rows.append((name, definition, *cells))
    header = ("condition", "definition", *(f"FMR {rate:.0e}" for rate in rates))
    return Table(header=header, rows=tuple(rows) if named else ())


def _errors(model: Judged, teacher: Judged) -> str:
    """A sentence on how many errors it makes on LFW."""
    ours, theirs = model.lfw.accuracy, teacher.lfw.accuracy
    if ours is None or theirs is None or theirs.mean == 1.0:
        return f"On LFW it has {judged_tables.accuracy_text(model)}."
    times = (1 - ours.mean) / (1 - theirs.mean)
    return f"On LFW it makes {times:.1f} times the teacher's errors."


def _worst_groups(model: Judged) -> str:
    """The worst group of each attribute, for a sentence."""
    found = [
        f"{one.false_accepts.worst} has {one.false_accepts.worst_to_mean:.1f} times the mean by "
        f"{one.name}"
        for one in model.groups.attributes
        if one.false_accepts.worst and not math.isnan(one.false_accepts.worst_to_mean)
    ]
    return ", ".join(found) or "by how much could not be measured"
