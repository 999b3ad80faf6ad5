"""From a recipe's name to its config, without Keras: a wrong name is told at once."""

import importlib.util
from pathlib import Path

from facenet_res.core.errors import ConfigInvalid, FacenetError, FileMissing
from facenet_res.train.config import TrainConfig

RECIPES = Path(__file__).parent / "recipes"


def load_recipe(recipe: str, *, smoke: bool = False) -> TrainConfig:
    """The config that a recipe makes.

    Args:
        recipe: the name of a file in `facenet_res/train/recipes`, or the path of a `.py` file
            with a function `config(smoke: bool) -> TrainConfig`. It is run as code.
        smoke: a run of seconds, to see that everything fits together.

    Raises:
        FileMissing: there is no such recipe.
        ConfigInvalid: it fails, has no `config`, or that does not return a TrainConfig.
    """
    path = Path(recipe) if recipe.endswith(".py") else RECIPES / f"{recipe}.py"
    if not path.is_file():
        known = sorted(p.stem for p in RECIPES.glob("*.py") if p.stem != "__init__")
        raise FileMissing(f"no recipe {recipe!r}; known are {known}, or give a .py file")
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigInvalid(f"recipe {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        make = getattr(module, "config", None)
        config = make(smoke) if callable(make) else None
    except FacenetError:
        raise
    except Exception as error:
        # Whatever a user's own code does: an unknown setting is a TypeError, a slip a SyntaxError.
        raise ConfigInvalid(f"recipe {path} fails: {type(error).__name__}: {error}") from error
    if not isinstance(config, TrainConfig):
        raise ConfigInvalid(f"recipe {path} needs a function config(smoke) -> TrainConfig")
    return config
