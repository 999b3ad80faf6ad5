"""What a deployment is given fits the server: its settings and its metrics exist."""

import json
import re
from pathlib import Path

from facenet_res.server.config import ServerConfig
from facenet_res.server.metrics import Metrics
from facenet_res.server.metrics import __doc__ as listed

DEPLOY = Path(__file__).parents[3] / "server" / "deploy"
SETTING = re.compile(r"(?<![\w-])--([a-z][a-z-]+)(?==|\"|$|,)", re.M)
VARIABLE = re.compile(r"FACENET_RES_SERVER_([A-Z_]+)")
# Of other programs.
OTHERS = {"no-cache-dir", "system", "from"}


def test_every_setting_that_a_file_names_is_one() -> None:
    known = {name.replace("_", "-") for name in ServerConfig.__dataclass_fields__} | {"config"}
    for name in ("Dockerfile", "compose.yaml", "kubernetes.yaml", "facenet-res.service"):
        text = (DEPLOY / name).read_text()
        used = set(SETTING.findall(text)) - OTHERS
        used |= {each.lower().replace("_", "-") for each in VARIABLE.findall(text)}
        assert used <= known, name
        assert used


def test_every_metric_of_the_dashboard_is_counted() -> None:
    text = json.dumps(json.loads((DEPLOY / "grafana.json").read_text()))
    used = set(re.findall(r"facenet_[a-z_]+", text))
    for name in used:
        assert re.sub(r"_(bucket|sum|count)$", "", name) in f"{listed} {Metrics().render()}", name
    assert len(used) > 5
