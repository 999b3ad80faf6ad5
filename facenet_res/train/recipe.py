"""From a recipe's name to its config, without Keras: a wrong name is told at once."""

from pathlib import Path

from facenet_res.train.config import TrainConfig
from facenet_res.train.python_file import FileKind, made_by

KIND = FileKind("recipe", Path(__file__).parent / "recipes", "config")


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
    return made_by(KIND, recipe, TrainConfig, smoke=smoke)
