"""All that is found out about a model: how well it predicts, how like the friend it writes, and what it repeats."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from friendbot import adaptation, authorship, baselines, evaluation, likeness, tuning
from friendbot.answers import Writer
from friendbot.authorship import Authorship
from friendbot.dataset import Encoded
from friendbot.dialogue import FRIEND, Line
from friendbot.evaluation import Turn
from friendbot.habits import Burst, bursts
from friendbot.inference import Network
from friendbot.likeness import Likeness, Samples
from friendbot.memorisation import Overlap, Sensitive, TrainingText
from friendbot.params import DecodingParams, EvaluateParams
from friendbot.progress import Progress
from friendbot.redaction import Redactor
from friendbot.rhythm import Rhythm
from friendbot.sampling import Decoding
from friendbot.tuning import Tuning
from friendbot.weights import Model

FLOAT_DIGITS = 4
CANDIDATES = ("temperature", "top_p", "min_p", "repetition_window")
"""What is chosen by evidence, in this order, where params.yaml has several values."""


@dataclass(frozen=True)
class Assessment:
    """The findings."""

    test: Mapping[str, Any]
    """As `evaluation.scores` gives it, and under `adaptive` what `adaptation` makes of it."""
    baselines: Mapping[str, Any]
    """As `baselines.scores` gives it."""
    sessions: Mapping[str, Mapping[int, float]]
    """Bits per character of each held-out session, of the model and of the n-gram."""
    rhythm: Rhythm
    tuning: Tuning
    bound: float
    """The verbatim share that a decoding had to keep below."""
    turns: list[Turn]
    """Held-out turns that the bot answered."""
    likeness: Likeness | None
    authorship: Authorship | None
    """None of these two where there are too few turns."""
    bot: Overlap
    friend: Overlap
    """What the answers, and what the friend wrote at the same turns, have in common with the training text."""
    sensitive: Mapping[str, Sensitive]
    """What looks like a secret in the answers, by kind."""

    def metrics(self) -> dict[str, Any]:
        """As kept in `reports/metrics.json`: numbers only."""
        found: dict[str, Any] = {"test": dict(self.test), "baseline": dict(self.baselines)}
        if self.likeness:
            found["likeness"] = {
                "distance": self.likeness.summary,
                "distance_me": self.likeness.summary_me,
                "repetition": asdict(self.likeness.repetition["bot"]),
            }
        if self.authorship:
            found["authorship"] = {name: estimate["value"] for name, estimate in asdict(self.authorship).items()}
        found["answers"] = {
            "turns": len(self.turns),
            "cut": sum(turn.cut for turn in self.turns) / max(len(self.turns), 1),
        }
        found["memorisation"] = {
            "bot": self.bot._asdict(),
            "friend": self.friend._asdict(),
            "sensitive": {
                "found": sum(seen.found for seen in self.sensitive.values()),
                "known": sum(seen.known for seen in self.sensitive.values()),
            },
        }
        rounded: dict[str, Any] = _numbers(found)
        return rounded


def assess(
    model: Model,
    encoded: Encoded,
    lines: list[Line],
    settings: EvaluateParams,
    decoding: DecodingParams,
    redactor: Redactor,
) -> Assessment:
    """Look at a model from all sides; the same arguments give the same findings.

    Args:
        model: what to assess.
        encoded: the token ids that it was trained and is tested on.
        lines: the thread.
        settings: how many turns, and the seed.
        decoding: how answers are chosen, or what to choose that from on the valid part.
        redactor: knows what looks like a secret.
    """
    network, vocabulary, seed = Network(model), model.vocabulary, settings.seed
    train, valid, test = ([line for line in lines if line.split == split] for split in ("train", "valid", "test"))
    with Progress("measuring", unit="tokens", total=len(encoded.test) - 1) as progress:
        nats = evaluation.losses(network, encoded.test, progress)
    [adapted] = adaptation.losses(encoded.train, [(encoded.test, nats)], len(vocabulary))
    costs = baselines.costs(lines)
    per_session = evaluation.by_session(nats, encoded.test, vocabulary)
    ngram = baselines.by_session(costs, baselines.KNESER_NEY)

    text, rhythm = TrainingText(line.text for line in train), Rhythm.measure(train)

    def verbatim(answers: list[Burst]) -> float:
        return text.overlap(answers).copied or 0.0

    def writer(decoding: Decoding) -> Writer:
        return Writer(network, vocabulary, decoding, rhythm.limits())

    asked = evaluation.contexts(network, vocabulary, valid, settings.tuning_turns)
    bound = verbatim(bursts(valid, FRIEND)) + tuning.MARGIN
    chosen = tuning.choose(
        lambda decoding: evaluation.answer(writer(decoding), asked, seed),
        train,
        valid,
        {name: getattr(decoding, name) for name in CANDIDATES},
        Decoding(**decoding.model_dump(exclude={*CANDIDATES})),
        verbatim,
        bound,
        seed,
    )
    contexts = evaluation.contexts(network, vocabulary, test, settings.turns)
    with Progress("answering", unit="turns", total=len(contexts)) as progress:
        turns = evaluation.answer(writer(chosen.decoding), contexts, seed, progress)
    samples = Samples.of(turns, train, test)
    return Assessment(
        {
            **evaluation.scores(nats, encoded.test, vocabulary),
            "adaptive": evaluation.bits(adapted, encoded.test, vocabulary),
        },
        baselines.scores(costs),
        {"model": dict(zip(sorted(ngram), per_session, strict=True)), baselines.KNESER_NEY: ngram},
        rhythm,
        chosen,
        bound,
        turns,
        likeness.measure(samples, train, seed),
        authorship.measure(samples, train, seed),
        text.overlap(samples.bot),
        text.overlap(samples.real),
        text.sensitive((message for answer in samples.bot for message in answer), redactor.find),
    )


def _numbers(tree: Any) -> Any:
    """The same tree with rounded numbers, without what was not measured."""
    if isinstance(tree, Mapping):
        return {key: _numbers(value) for key, value in tree.items() if value is not None}
    return round(tree, FLOAT_DIGITS) if isinstance(tree, float) else tree
