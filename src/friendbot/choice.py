"""Which model a script talks with, when its arguments may leave that open."""

import sys
from pathlib import Path

from friendbot import weights
from friendbot.errors import ModelError
from friendbot.weights import Model


def choose(root: Path, folder: Path | None, save_dir: Path | None) -> Model:
    """The model that the arguments mean: without any, the tracked one, or while that is being made, a checkpoint.

    Args:
        root: of the repository.
        folder: a model folder.
        save_dir: a folder of checkpoints, the newest whole one of which is meant.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    if save_dir is not None:
        model = weights.load_newest(save_dir)
        announce(model)
        return model
    if folder is not None:
        return weights.load(folder)
    tracked, checkpoints = root / "models" / "friend", root / "checkpoints"
    if (tracked / "model.json").is_file():
        return weights.load(tracked)
    try:
        model = weights.load_newest(checkpoints)
    except ModelError:
        raise ModelError("there is no model yet; `make repro` makes one, its first checkpoint comes soon") from None
    print("no finished model yet: ", end="", file=sys.stderr)
    announce(model)
    return model


def announce(model: Model) -> None:
    """Say on stderr which checkpoint this is, and whose: a training of another friend may have just begun."""
    print(f"this is {model.card['friend']} in checkpoint {model.folder}", file=sys.stderr)
