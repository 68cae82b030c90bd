"""How well the model predicts held-out text, and what it answers there."""

import math
from collections.abc import Set
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from friendbot.answers import Writer
from friendbot.dialogue import FRIEND, Line
from friendbot.encoding import spell
from friendbot.inference import CHUNK, Network, State
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


def scores(nats: np.ndarray, tokens: np.ndarray, vocabulary: Vocabulary) -> dict[str, Any]:
    """Metrics of a text from the nats of each token but the first: of all of it and, under `friend`, of theirs."""
    everything, friend = shares(nats, tokens, vocabulary)
    return {
        **everything.metrics(),
        "tokens": len(tokens),
        "characters": everything.characters,
        "friend": friend.metrics(),
    }


def bits(nats: np.ndarray, tokens: np.ndarray, vocabulary: Vocabulary) -> dict[str, Any]:
    """Of `scores` the bits per character alone, as a baseline has them."""
    everything, friend = (share.metrics()["bits_per_char"] for share in shares(nats, tokens, vocabulary))
    return {"bits_per_char": everything, "friend": {"bits_per_char": friend}}


def by_session(nats: np.ndarray, tokens: np.ndarray, vocabulary: Vocabulary) -> list[float]:
    """Bits per character of each session, in order; a `<gap>` belongs to what it opens."""
    bits = []
    starts = [int(place) for place in np.flatnonzero(tokens == vocabulary.gap) if place > 0]
    for start, end in pairwise([0, *starts, len(tokens)]):
        own = tokens[start:end]
        characters = len(vocabulary.decode(own[own >= len(SPECIALS)].tolist()))
        share = Share(float(nats[max(start - 1, 0) : end - 1].sum()), end - max(start, 1), characters)
        bits.append(share.metrics()["bits_per_char"])
    return bits


class Context(NamedTuple):
    """A held-out place where the friend answers."""

    state: State
    """The network's, after the real conversation up to there."""
    before: list[Line]
    """The messages just before it, by the other person."""
    real: list[Line]
    """What the friend wrote."""


class Turn(NamedTuple):
    """One held-out turn of the friend."""

    before: list[Line]
    """The messages just before it, by the other person."""
    real: list[Line]
    """What the friend wrote."""
    bot: list[str]
    """What the bot answers, having read the real conversation up to there."""
    cut: bool = False
    """Whether a limit ended the bot's answer."""


def turns(lines: list[Line]) -> list[int]:
    """Indices of lines where the friend answers the other person within a session."""
    return [
        index
        for index in range(1, len(lines))
        if lines[index].speaker == FRIEND
        and lines[index - 1].speaker != FRIEND
        and lines[index].session == lines[index - 1].session
    ]


def contexts(network: Network, vocabulary: Vocabulary, lines: list[Line], count: int) -> list[Context]:
    """At most `count` turns of the friend, spread evenly over held-out lines, each after the real conversation."""
    places = turns(lines)
    spread = {places[round(index)] for index in np.linspace(0, len(places) - 1, min(count, len(places)))}
    return contexts_at(network, vocabulary, lines, spread)


def contexts_at(network: Network, vocabulary: Vocabulary, lines: list[Line], chosen: Set[int]) -> list[Context]:
    """The turns of the friend at some indices of held-out lines, in order, each after the real conversation."""
    found: list[Context] = []
    state, session = network.initial(), None
    read = lines[: max(chosen, default=-1) + 1]
    with Progress("reading", unit="messages", total=len(read)) as progress:
        for index, line in enumerate(read):
            if index in chosen:
                found.append(Context(state, _run(lines, index - 1, -1), _run(lines, index, 1)))
            state = network.after(state, spell(line, vocabulary, opens=line.session != session))
            session = line.session
            progress.advance(1)
    return found


def answer(writer: Writer, contexts: list[Context], seed: int, progress: Progress | None = None) -> list[Turn]:
    """Let the bot answer; each turn has random numbers of its own, the same for every decoding."""
    result = []
    for number, context in enumerate(contexts):
        answered = writer.answer(context.state, np.random.default_rng([seed, number]))
        result.append(Turn(context.before, context.real, [*answered.messages], answered.cut))
        if progress:
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
