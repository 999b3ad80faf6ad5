"""What tests of several rooms share, made once."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.depth import Miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> "Miniature":
    """The experiment on depth, of seconds, as `tests.depth` has it."""
    from tests.depth import measure_miniature

    return measure_miniature(tmp_path_factory.mktemp("depth"))
