"""The page says what the records say; the committed one shows what the issue asked to be seen."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments.depth.config import depth_config
from experiments.depth.page import page_text, short, write_page
from experiments.depth.record import Record, read_record
from experiments.depth.summary import Measured, summarise
from facenet_res.core.errors import ConfigInvalid
from tests.experiments.depth.miniature import Miniature

DOCS = Path(__file__).parents[3] / "docs"
PLOTS = ("gradients", "signals", "activations", "losses", "losses-deepest")
BYTES_MAX = 150_000
DEEPEST = "cifar-resnet1001-preact"


@pytest.fixture(scope="module")
def committed() -> list[Record]:
    paths = [DOCS / "depth" / f"{subject.name}.json" for subject in depth_config().subjects]
    return [read_record(path) for path in paths if path.exists()]


@pytest.fixture(scope="module")
def networks(committed: list[Record]) -> dict[str, Measured]:
    return {each.name: each for each in summarise(committed)}


def test_a_page_has_every_network_and_every_plot(miniature: Miniature, tmp_path: Path) -> None:
    path = write_page(miniature.records, tmp_path)

    text = path.read_text("utf-8")
    for each in summarise(miniature.records):
        assert f"| {each.name} |" in text
        assert f"{each.losses().middle[-1]:.3f}" in text
    for name in PLOTS:
        assert f"](depth/{name}.png)" in text
        drawn = cv2.imread(str(tmp_path / "depth" / f"{name}.png"))
        assert drawn is not None
        assert drawn.std() > 1


def test_a_page_needs_a_depth_that_was_measured_both_ways(miniature: Miniature) -> None:
    residual = [record for record in miniature.records if not record.settings["is_plain"]]
    with pytest.raises(ConfigInvalid, match="no depth has both"):
        page_text(summarise(residual))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (12.34, "12.3"), (0.5, "0.5"), (3.4e-5, "3.4e-05"), (9.3e5, "9.3e+05")],
)
def test_numbers_are_short(value: float, expected: str) -> None:
    assert short(value) == expected


def test_the_committed_page_is_the_one_of_the_committed_records(committed: list[Record]) -> None:
    assert (DOCS / "depth.md").read_text("utf-8") == page_text(summarise(committed))


def test_the_committed_plots_are_small_and_shown() -> None:
    text = (DOCS / "depth.md").read_text("utf-8")
    plots = list((DOCS / "depth").glob("*.png"))

    assert {"gradients.png", "signals.png", "losses.png"} <= {plot.name for plot in plots}
    for plot in plots:
        assert 10_000 < plot.stat().st_size < BYTES_MAX
        assert f"](depth/{plot.name})" in text


def test_what_the_page_says_of_gradients_is_in_the_records(
    networks: dict[str, Measured],
) -> None:
    for depth, least in ((56, 1e2), (110, 1e4)):
        plain, residual = networks[f"cifar-plain{depth}"], networks[f"cifar-resnet{depth}"]
        # A plain network's gradient explodes with batch norm and vanishes without; a residual
        # network's does neither.
        assert plain.gradients("bn").growth > least
        assert residual.gradients("bn").growth < 10
        assert plain.signals("xavier").growth < 1 / least
        assert residual.signals("xavier").growth > 0.5
        assert plain.signals("xavier").factor == pytest.approx(np.sqrt(0.5), abs=0.07)


def test_what_the_page_says_of_training_is_in_the_records(networks: dict[str, Measured]) -> None:
    plain, residual = (
        [networks[f"cifar-{kind}{depth}"].losses().middle[-1] for depth in (20, 56, 110)]
        for kind in ("plain", "resnet")
    )
    assert plain == sorted(plain)
    assert plain[-1] > 0.8 * np.log(10)
    assert max(residual) < min(plain)


def test_what_the_page_says_of_the_deepest_is_in_the_records(networks: dict[str, Measured]) -> None:
    if DEEPEST not in networks:
        pytest.skip("not measured yet: run python -m experiments.depth --out docs")
    losses = networks[DEEPEST].losses().middle
    assert losses[-1] < losses[0]
    # A thousand layers with skips do less to the gradient than a hundred without.
    deepest, plain = (networks[name].gradients("bn") for name in (DEEPEST, "cifar-plain110"))
    assert deepest.growth < plain.growth
    assert deepest.factor < 1.02 < plain.factor
