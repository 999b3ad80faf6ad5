"""A user's Python file that makes a settings object: a recipe, a study."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from facenet_res.core.errors import ConfigInvalid, FacenetError, FileMissing

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class FileKind:
    """What such files are.

    Attributes:
        noun: for messages, such as "recipe".
        folder: where ours lie.
        function: the name of the function in them.
    """

    noun: str
    folder: Path
    function: str


def made_by(kind: FileKind, name: str, wanted: type[Made], *, smoke: bool) -> Made:
    """What a file's function makes.

    Args:
        kind: what the file is.
        name: of a file of ours, or the path of a `.py` file. It is run as code.
        wanted: the class of what is made.
        smoke: handed to the function.

    Raises:
        FileMissing: there is no such file.
        ConfigInvalid: it fails, lacks the function, or makes something else.
    """
    path = Path(name) if name.endswith(".py") else kind.folder / f"{name}.py"
    if not path.is_file():
        known = sorted(each.stem for each in kind.folder.glob("*.py") if each.stem != "__init__")
        raise FileMissing(f"no {kind.noun} {name!r}; known are {known}, or give a .py file")
    spec = importlib.util.spec_from_file_location(f"{kind.noun}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigInvalid(f"{kind.noun} {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        make = getattr(module, kind.function, None)
        made = make(smoke) if callable(make) else None
    except FacenetError:
        raise
    except Exception as error:
        # Whatever a user's own code does: an unknown setting is a TypeError, a slip a SyntaxError.
        raise ConfigInvalid(f"{kind.noun} {path} fails: {type(error).__name__}: {error}") from error
    if not isinstance(made, wanted):
        raise ConfigInvalid(
            f"{kind.noun} {path} needs a function {kind.function}(smoke) -> {wanted.__name__}"
        )
    return made
