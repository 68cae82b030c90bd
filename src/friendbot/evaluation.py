"""How well the model predicts held-out text, and what it answers there."""

import math
from typing import Any, NamedTuple

import numpy as np

from friendbot.answers import Writer
from friendbot.dialogue import FRIEND, Line
from friendbot.encoding import spell
from friendbot.inference import CHUNK, Network
from friendbot.progress import Progress
from friendbot.sampling import log_softmax
from friendbot.vocabulary import SPECIALS, Vocabulary


class Share(NamedTuple):
    """What predicting one part of the text cost."""

    nats: float
    tokens: int
    characters: int

    def metrics(self) -> dict[str, float]:
        """`bits_per_char` (specials paid for, not counted as characters), `perplexity` per token, `loss` in nats."""
        loss = self.nats / self.tokens
        return {
            "bits_per_char": round(self.nats / math.log(2) / self.characters, 4),
            "perplexity": round(math.exp(loss), 4),
            "loss": round(loss, 4),
        }


def losses(network: Network, tokens: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Nats of each token but the first, float64 `(len(tokens) - 1,)`, with the state carried from start to end."""
    state, parts = network.initial(), []
    for start in range(0, len(tokens) - 1, CHUNK):
        targets = tokens[start + 1 : start + 1 + CHUNK]
        state, logits = network.read(state, tokens[start : start + len(targets)])
        parts.append(-log_softmax(logits)[np.arange(len(targets)), targets])
        if progress:
            progress.advance(len(targets))
    return np.concatenate(parts)


def belongs_to_friend(tokens: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Which tokens are the friend's: their text, and the special after each message, which says when they stop.

    Args:
        tokens: int32 `(n,)`.
        vocabulary: what the ids mean.

    Returns:
        bool `(n,)`.
    """
    special = tokens < len(SPECIALS)
    places = np.where(special, np.arange(len(tokens)), -1)
    opened_before = np.maximum.accumulate(np.concatenate([[-1], places[:-1]]))
    speaker = np.where(opened_before >= 0, tokens[opened_before], -1)
    return speaker == vocabulary.friend


def shares(nats: np.ndarray, tokens: np.ndarray, vocabulary: Vocabulary) -> tuple[Share, Share]:
    """The costs of the whole text and of the friend's part, from the nats of each token but the first."""
    friend = belongs_to_friend(tokens, vocabulary)
    text = tokens >= len(SPECIALS)
    result = []
    for mask in (np.ones(len(tokens), bool), friend):
        characters = len(vocabulary.decode(tokens[mask & text].tolist()))
        result.append(Share(float(nats[mask[1:]].sum()), int(mask[1:].sum()), characters))
    return result[0], result[1]


def measure(network: Network, tokens: np.ndarray, vocabulary: Vocabulary) -> dict[str, Any]:
    """Metrics of one split: of all its text, and under `friend` of the friend's messages alone."""
    with Progress("measuring", unit="tokens", total=len(tokens) - 1) as progress:
        everything, friend = shares(losses(network, tokens, progress), tokens, vocabulary)
    return {
        **everything.metrics(),
        "tokens": len(tokens),
        "characters": everything.characters,
        "friend": friend.metrics(),
    }


class Turn(NamedTuple):
    """One held-out turn of the friend."""

    before: list[Line]
    """The messages just before it, by the other person."""
    real: list[Line]
    """What the friend wrote."""
    bot: list[str]
    """What the bot answers, having read the real conversation up to there."""


def turns(lines: list[Line]) -> list[int]:
    """Indices of lines where the friend answers the other person within a session."""
    return [
        index
        for index in range(1, len(lines))
        if lines[index].speaker == FRIEND
        and lines[index - 1].speaker != FRIEND
        and lines[index].session == lines[index - 1].session
    ]


def answer(network: Network, writer: Writer, lines: list[Line], count: int, seed: int) -> list[Turn]:
    """Let the bot answer `count` turns spread evenly over held-out lines, each after the real conversation so far."""
    places = turns(lines)
    chosen = {places[round(index)] for index in np.linspace(0, len(places) - 1, min(count, len(places)))}
    result: list[Turn] = []
    state, session = network.initial(), None
    read = lines[: max(chosen, default=-1) + 1]
    with Progress("sampling", unit="messages", total=len(read)) as progress:
        for index, line in enumerate(read):
            if index in chosen:
                answered = writer.answer(state, np.random.default_rng([seed, len(result)]))
                result.append(Turn(_run(lines, index - 1, -1), _run(lines, index, 1), [*answered.messages]))
            state = network.after(state, spell(line, writer.vocabulary, opens=line.session != session))
            session = line.session
            progress.advance(1)
    return result


def _run(lines: list[Line], start: int, step: int) -> list[Line]:
    """The messages in a row by one person in one session, from `start` on in the direction `step`; oldest first."""
    index = start
    while 0 <= index < len(lines) and lines[index].speaker == lines[start].speaker:
        if lines[index].session != lines[start].session:
            break
        index += step
    return lines[start:index] if step > 0 else lines[index + 1 : start + 1]


def samples(answered: list[Turn], friend: str) -> str:
    """Turns as Markdown: what was said, what the bot answers, what the friend answered then."""
    parts = ["# Held-out turns: what was said, and two answers\n"]
    for turn in answered:
        said = [f"**{line.sender}:** {_one_line(line.text)}" for line in turn.before]
        real = [f"> **{friend}, then:** {_one_line(line.text)}" for line in turn.real]
        bot = [f"> **bot:** {_one_line(text)}" for text in turn.bot]
        parts.append("\n\n".join(["  \n".join(said), "  \n".join(bot), "  \n".join(real)]) + "\n")
    return "\n---\n\n".join(parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())
