"""What the tests of the experiments share, made once."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.experiments.depth.miniature import Miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> "Miniature":
    """The depth experiment in miniature: measured once, in seconds."""
    from tests.experiments.depth.miniature import measure_miniature

    return measure_miniature(tmp_path_factory.mktemp("depth"))
