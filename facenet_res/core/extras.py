"""Optional packages: whether they are installed, and the command that installs them."""

import importlib.util
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from facenet_res.core.errors import EngineUnavailable

ROOT = Path(__file__).resolve().parents[2]


def require(job: str, modules: Sequence[str], extra: str) -> None:
    """Checks that the modules of an extra are installed, without importing them.

    Args:
        job: what needs them, as in "training"; starts the message.
        modules: importable names.
        extra: of pyproject.toml, as in "train".

    Raises:
        EngineUnavailable: a module is absent; the message has the command that installs it.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineUnavailable(f"{job} needs {', '.join(missing)}: {install_command(extra)}")


def install_command(extra: str) -> str:
    """The command that installs an extra of this package, from where this copy came from.

    The name facenet-res is not on the package index, so `pip install facenet-res[...]` fails.
    """
    if (ROOT / "pyproject.toml").is_file():
        where = "." if Path.cwd() == ROOT else str(ROOT)
        return f"pip install -e '{where}[{extra}]'"
    return f"pip install 'facenet-res[{extra}] @ {_origin()}'"


def _origin() -> str:
    """URL of the wheel or folder that was installed (PEP 610), where pip recorded one."""
    try:
        recorded = distribution("facenet-res").read_text("direct_url.json")
    except PackageNotFoundError:
        recorded = None
    return str(json.loads(recorded)["url"]) if recorded else "URL-OF-THE-WHEEL"
