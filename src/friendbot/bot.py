"""A friend as a file: everything that a model folder says, ready to talk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from friendbot.answers import Writer
from friendbot.errors import ModelError
from friendbot.inference import Network
from friendbot.rhythm import Rhythm
from friendbot.sampling import Decoding
from friendbot.vocabulary import Vocabulary
from friendbot.weights import Model

FORMAT = 1
"""Of evaluation.json."""


class Evaluation(NamedTuple):
    """What the evaluation of a model left for the chat; defaults where there was none, as in a checkpoint."""

    decoding: Decoding = Decoding()
    rhythm: Rhythm = Rhythm()
    metrics: Mapping[str, Any] = {}
    """Bits per character and the like, on held-out text."""

    def to_json(self) -> str:
        """As kept in `evaluation.json`."""
        data = {
            "format": FORMAT,
            "decoding": self.decoding.__dict__,
            "rhythm": self.rhythm.to_dict(),
            "metrics": self.metrics,
        }
        return json.dumps(data, indent=1) + "\n"

    @classmethod
    def load(cls, folder: Path) -> "Evaluation":
        """Read a model folder's `evaluation.json`.

        Raises:
            ModelError: it is damaged, or of a newer format.
        """
        try:
            data = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
            if data["format"] > FORMAT:
                raise ModelError(
                    f"{folder}/evaluation.json has format {data['format']}, this friendbot reads up to {FORMAT}; "
                    "update friendbot"
                )
            rhythm = Rhythm.of(data["rhythm"]) if "rhythm" in data else Rhythm()
            return cls(Decoding.of(data["decoding"]), rhythm, dict(data["metrics"]))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{folder}/evaluation.json is damaged ({error}); `dvc checkout` restores it") from None


class Bot:
    """One friend's model, ready to talk; nothing in it changes, so that any number of conversations can share it."""

    def __init__(self, model: Model) -> None:
        """Lay out the weights.

        Raises:
            ModelError: evaluation.json beside the model is damaged or of a newer format, or a package is missing.
        """
        self.folder: Path = model.folder
        self.card: Mapping[str, Any] = model.card
        self.architecture = model.architecture
        self.vocabulary: Vocabulary = model.vocabulary
        try:
            self.vocabulary.encode("")
        except ImportError as error:
            raise ModelError(
                f"this model's vocabulary needs the package {error.name}; `make setup` brings it"
            ) from None
        self.evaluation = Evaluation.load(model.folder)
        self.network = Network(model)

    @property
    def friend(self) -> str:
        """Whose words it learned from."""
        return str(self.card["friend"])

    @property
    def me(self) -> str:
        """Whom the friend wrote with."""
        return str(self.card["me"])

    def writer(self, decoding: Decoding | None = None, tokens: int | None = None) -> Writer:
        """Something that writes answers.

        Args:
            decoding: how they are chosen; the model's own if None.
            tokens: the most tokens of one answer.
        """
        limits = self.evaluation.rhythm.limits()
        if tokens is not None:
            limits = limits._replace(tokens=tokens)
        return Writer(self.network, self.vocabulary, decoding or self.evaluation.decoding, limits)
