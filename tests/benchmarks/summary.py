"""The issue's table out of `bench.jsonl`, as Markdown for docs/performance.md.

    python -m tests.benchmarks.summary [bench.jsonl]

Of each benchmark the last record counts. A row is "reached" by its median; a row without a record
says so, and bf16 on a CPU that does not compute in it has none.
"""

import importlib.metadata
import json
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import bench

Figures = Mapping[str, Any]

NETWORK = "bench_network.py::test_network[{}]"
RIVALS = "bench_rivals.py::test_{}[{}]"
SERVE = "bench_serve.py::test_{}"
NETWORKS = {"iresnet50": "random IResNet-50", "default": "default model"}
PACKAGES = ("openvino", "onnxruntime", "keras", "tensorflow", "nncf", "deepface", "insightface")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: is measured, and on which network.
        against: what.
        target: the number to reach.
        benchmark: the end of its name in the record.
        figure: the figure's name there: a number, or text that begins with one.
        is_most: whether the target is the most allowed, else the least.
        is_share: whether it is shown in percent.
    """

    what: str
    against: str
    target: float
    benchmark: str
    figure: str
    is_most: bool = False
    is_share: bool = False

    def line(self, figures: Figures | None) -> str:
        """The row in Markdown."""
        bound = f"{self.target:.0%}" if self.is_share else f"{self.target:g} times"
        bound = f"{'≤' if self.is_most else '≥'} {bound}"
        return f"| {self.what} | {self.against} | {bound} | {' | '.join(self._answer(figures))} |"

    def _answer(self, figures: Figures | None) -> tuple[str, str]:
        if figures is None:
            return "-", "not measured"
        if self.figure not in figures:
            return "-", "not measurable here" if "bf16" in self.figure else "not measured"
        value, rest = _read(figures[self.figure])
        is_reached = value <= self.target if self.is_most else value >= self.target
        number = f"{value:.0%}" if self.is_share else f"{value:.2f} times"
        if self.is_share and rest:
            low, high = (float(each) for each in re.findall(r"[\d.]+", rest))
            rest = f" ({low:.0%} to {high:.0%})"
        return number + rest, "yes" if is_reached else "**no**"


def rows() -> Iterator[Row]:
    """The table of the issue, each row for each network that it names."""
    onnx, ratio = "ONNX Runtime f32", "batch{}_{}_faster_than_{}"
    for network, name in NETWORKS.items():
        key = NETWORK.format(network)
        for batch, int8 in ((1, 3.0), (32, 3.5)):
            what = "one face" if batch == 1 else "batch of 32"
            for precision, target in (("bf16", 2.2), ("int8", int8)):
                figure = ratio.format(batch, precision, "onnxruntime_f32")
                yield Row(f"{what}, {precision}, {name}", onnx, target, key, figure)
        for precision in ("bf16", "f32", "int8"):
            figure = ratio.format(1, precision, "keras_predict")
            yield Row(f"one face, {precision}, {name}", "`keras.Model.predict`", 5, key, figure)
        figure, against = "network_bf16_of_matrix_rate", "matrix rate in bf16"
        yield Row(f"batch of 32, bf16, {name}", against, 0.8, key, figure, is_share=True)
    for network, name in {"default": "default model", "iresnet34": "random IResNet-34"}.items():
        key = RIVALS.format("photo_to_embedding_against_deepface", network)
        against = "`DeepFace.represent`, MTCNN, its IResNet-34"
        yield Row(f"image to embedding, {name}", against, 5, key, "faster_than_deepface")
    for network, name in NETWORKS.items():
        key = RIVALS.format("the_steps_of_insightface", network)
        for what, title in (("photo", "image to embedding"), ("face", "aligned and embedded")):
            for precision in ("f32", "bf16", "int8"):
                figure = f"{what}_{precision}_faster_than_insightface"
                yield Row(f"{title}, {precision}, {name}", "InsightFace's steps", 2.2, key, figure)
    for network, name in NETWORKS.items():
        key = SERVE.format(f"64_clients_against_the_engine_alone[{network}]")
        figure, against = "served_share_of_alone", "the engine alone, batches of 32"
        yield Row(f"64 gRPC clients, {name}", against, 0.9, key, figure, is_share=True)
    key = SERVE.format("one_client_against_the_sum_of_its_stages")
    against = "the sum of its stages"
    yield Row("1 gRPC client, p50", against, 1.15, key, "whole_over_sum", is_most=True)
    key = "bench_gpu.py::test_gpu[256]"
    what = "GPU, IResNet-50, bf16, batch of 256"
    yield Row(what, "`torch.compile`", 1.2, key, "faster_than_torch_compile")
    yield Row(what, "the card's matrix rate", 0.35, key, "of_matrix_rate", is_share=True)


def summary(record: Path) -> str:
    """The table of a record, with the machine, versions, date and commits it holds for.

    Raises:
        ValueError: a line is no JSON.
        OSError: there is no such file.
    """
    measured: dict[str, Any] = {}
    for text in record.read_text("utf-8").splitlines():
        line = json.loads(text)
        measured[line["benchmark"].rpartition("/")[2]] = line
    table = list(rows())
    used = [
        measured[key] for key in dict.fromkeys(row.benchmark for row in table) if key in measured
    ]
    lines = [
        "| what | against | to reach | measured | reached |",
        "| --- | --- | --- | --- | --- |",
        *(row.line(measured.get(row.benchmark, {}).get("figures")) for row in table),
    ]
    return "\n".join([*lines, "", _circumstances(used), ""])


def main(arguments: Sequence[str]) -> None:
    """Prints the table."""
    sys.stdout.write(summary(Path(arguments[0] if arguments else bench.RECORD)))


def _circumstances(used: Sequence[Figures]) -> str:
    if not used:
        return "Nothing of the table was measured."
    dates = sorted(line["date"] for line in used)
    machines, commits = (sorted({line[key] for line in used}) for key in ("machine", "commit"))
    return (
        f"{'; '.join(machines)}; {dates[0]} to {dates[-1]}; commit {', '.join(commits)}; "
        f"Python {platform.python_version()}, {', '.join(_versions())}. Medians of interleaved "
        "rounds, with the 10th and 90th percentile."
    )


def _versions() -> Iterator[str]:
    """The packages' versions now, which are those of the record if it was just made."""
    for name in PACKAGES:
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{name} absent"


def _read(figure: object) -> tuple[float, str]:
    """The number that a figure begins with, and the spread behind it."""
    if isinstance(figure, int | float):
        return float(figure), ""
    found = re.fullmatch(r"([\d.]+) times( \([\d.]+ to [\d.]+\))?", str(figure))
    if found is None:
        raise ValueError(f"{figure!r} is no ratio")
    return float(found[1]), found[2] or ""


if __name__ == "__main__":
    main(sys.argv[1:])
