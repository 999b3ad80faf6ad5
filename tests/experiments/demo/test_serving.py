"""A server that cannot start is said in a sentence with its own last words."""

from pathlib import Path

import pytest

from experiments.demo.serving import RunningServer
from facenet_res.core.errors import ServerUnreachable


@pytest.mark.e2e
def test_a_server_without_a_model_tells_why(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable, match=r"absent.*server\.log"):
        RunningServer(tmp_path, ("--model", str(tmp_path / "absent")))
