"""What the friend would say next: several answers at once, token by token, and the choice among them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from friendbot.inference import Network, State
from friendbot.sampling import Decoding, RepetitionGuard, Sampler, log_softmax
from friendbot.vocabulary import SPECIALS, Vocabulary


class Limits(NamedTuple):
    """Where an answer is cut at the latest."""

    message_bytes: int = 600
    """UTF-8 bytes of one message."""
    messages: int = 8
    tokens: int = 4096
    """Of the whole answer, specials included."""


class Answer(NamedTuple):
    """One answer: a burst of messages."""

    messages: tuple[str, ...]
    tokens: int
    """Read and written by the network, specials included."""
    complete: bool
    """Whether the friend stopped, or seemed to; if not, `Limits.tokens` did."""
    cut: bool = False
    """Whether a limit or a loop ended it."""


LOOP_BYTES, LOOP_REPEATS = 48, 4
"""A message whose end repeats one stretch this often, over so many bytes, is a loop."""
LONGEST_ROUND = 60
"""Bytes; longer repeats are left to the repetition guard."""
SAME_MESSAGES = 2
"""A message that comes more often than this in a row ends the answer."""


@dataclass
class _Draft:
    """An answer while it is written."""

    written: list[int]
    """The tokens that the repetition guard looks back at: of earlier answers, and of this one."""
    messages: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    """Of the message being written."""
    ends: list[float] = field(default_factory=list)
    """At each place of that message, the log-probability that it ends there; minus infinity inside a character."""
    text: bytearray = field(default_factory=bytearray)
    pending: bytes = b""
    """The bytes of a character begun but not ended."""
    tokens: int = 0
    information: float = 0.0
    """Nats: log p(answer | what was said) - mmi * log p(answer). Not shared out over the tokens: answers drawn from
    the model have fair lengths, and by the token the short ones win (LOG.md, 2026-11-23)."""
    over: bool = False
    complete: bool = True
    cut: bool = False


class Writer:
    """Writes answers with one network and one decoding."""

    def __init__(
        self, network: Network, vocabulary: Vocabulary, decoding: Decoding, limits: Limits | None = None
    ) -> None:
        self.network, self.vocabulary, self.decoding = network, vocabulary, decoding
        self.limits = limits or Limits()
        self._sampler = Sampler.of(decoding)
        self._guard = RepetitionGuard(decoding.repetition_window)
        self._ruled_out: dict[tuple[bytes, bool], np.ndarray] = {}

    def answer(self, state: State, random: np.random.Generator, written: Sequence[int] = ()) -> Answer:
        """The friend's next messages.

        Several answers are written side by side, and beside each the same tokens are read without what was said: the
        difference tells how much an answer depends on it (maximum mutual information, Li et al. 2016).

        Args:
            state: the network's after everything said so far, the answer's first special not yet read.
            random: what is drawn.
            written: token ids of what the bot wrote last, oldest first, for the repetition guard.
        """
        greedy = self.decoding.temperature == 0
        drafts = [_Draft(list(written)) for _ in range(1 if greedy else self.decoding.best_of)]
        weighed = len(drafts) > 1 and self.decoding.mmi > 0
        states = state.take([0] * len(drafts))
        ids = np.full(len(drafts), self.vocabulary.friend)
        if weighed:
            states = _beside(states, self._unprompted().take([0] * len(drafts)))
        alive = list(drafts)
        while alive:
            states, logits = self.network.step(states, np.tile(ids, 2) if weighed else ids)
            for draft in alive:
                draft.tokens += 1
            ids, gains = self._choose(alive, logits, random, weighed)
            for draft, id, gain in zip(alive, ids, gains, strict=True):
                draft.information += gain
                self._write(draft, int(id))
            rows = [row for row, draft in enumerate(alive) if not draft.over]
            if len(rows) < len(alive):
                states = states.take([*rows, *(len(alive) + row for row in rows)] if weighed else rows)
                ids, alive = ids[rows], [alive[row] for row in rows]
        best = max(drafts, key=lambda draft: (bool(draft.messages), draft.information))
        return Answer(tuple(best.messages), best.tokens, best.complete, best.cut)

    def _unprompted(self) -> State:
        """The state where nothing was said."""
        return self.network.after(self.network.initial(), [self.vocabulary.gap])

    def _choose(
        self, alive: list[_Draft], logits: np.ndarray, random: np.random.Generator, weighed: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next token of each draft, and what it adds to the draft's information."""
        count = len(alive)
        allowed = logits[:count] + self._mask(alive)
        for row, draft in enumerate(alive):
            for id, cost in self._guard.costs(draft.written).items():
                allowed[row, id] -= cost
        ids = self._sampler(allowed, random)
        likelihood = log_softmax(logits)
        for row, draft in enumerate(alive):
            whole = draft.ids and not draft.pending
            draft.ends.append(float(np.logaddexp.reduce(likelihood[row, : len(SPECIALS)])) if whole else -np.inf)
        rows = np.arange(count)
        gains = likelihood[rows, ids]
        if weighed:
            gains = gains - self.decoding.mmi * likelihood[count + rows, ids]
        return ids, gains

    def _mask(self, alive: list[_Draft]) -> np.ndarray:
        """Minus infinity for tokens that would break UTF-8, or end a message without text; 0 for all others."""
        return np.stack([self._mask_of(draft.pending, not draft.ids) for draft in alive])

    def _mask_of(self, pending: bytes, empty: bool) -> np.ndarray:
        mask = self._ruled_out.get((pending, empty))
        if mask is None:
            mask = np.full(len(self.vocabulary), -np.inf, np.float32)
            mask[self.vocabulary.may_follow(pending)] = 0
            if empty:
                mask[: len(SPECIALS)] = -np.inf
            self._ruled_out[pending, empty] = mask
        return mask

    def _write(self, draft: _Draft, id: int) -> None:
        """Add a token to a draft; a special ends the message, and unless it is the friend's, the answer."""
        if id < len(SPECIALS):
            self._end_message(draft)
            if id != self.vocabulary.friend:
                draft.over = True
            elif len(draft.messages) >= self.limits.messages:
                draft.over = draft.cut = True
        else:
            draft.ids.append(id)
            draft.written.append(id)
            draft.text += self.vocabulary.bytes_of(id)
            draft.pending = self.vocabulary.pending(draft.ids)
            if draft.pending:
                return
            if loop := looped(draft.text):
                self._cut(draft, loop)
            elif len(draft.text) >= self.limits.message_bytes:
                self._cut(draft, self._stop(draft))
        if not draft.over and draft.tokens >= self.limits.tokens:
            draft.complete = False
            self._cut(draft, len(draft.text))

    def _stop(self, draft: _Draft) -> int:
        """Bytes after which the friend would most likely have stopped, in the second half of a message too long."""
        sizes = np.cumsum([0, *(len(self.vocabulary.bytes_of(id)) for id in draft.ids)])
        places = [
            place for place, end in enumerate(draft.ends) if sizes[place] >= len(draft.text) / 2 and math.isfinite(end)
        ]
        return int(sizes[max(places, key=lambda place: draft.ends[place])]) if places else len(draft.text)

    def _cut(self, draft: _Draft, size: int) -> None:
        """End the message and the answer after `size` bytes of it."""
        if text := draft.text[:size].decode("utf-8", "ignore").strip():
            draft.messages.append(text)
        draft.over = draft.cut = True

    def _end_message(self, draft: _Draft) -> None:
        text = draft.text.decode("utf-8", "replace").strip()
        draft.ids, draft.ends, draft.text = [], [], bytearray()
        if draft.messages[-SAME_MESSAGES:] == [text] * SAME_MESSAGES:
            draft.over = draft.cut = True
            return
        if text:
            draft.messages.append(text)
        draft.written.append(self.vocabulary.friend)


def _beside(first: State, second: State) -> State:
    """The texts of two states in one."""
    hidden = zip(first.hidden, second.hidden, strict=True)
    cell = zip(first.cell, second.cell, strict=True)
    return State(tuple(map(np.concatenate, hidden)), tuple(map(np.concatenate, cell)))


def looped(text: bytes | bytearray) -> int:
    """Bytes to keep of a text whose end goes round in circles: up to the first round's end; 0 if it does not.

    "hahaha" and "nooooo" of any usual length are no circle.
    """
    if len(text) < LOOP_BYTES:
        return 0
    for period in range(1, min(len(text) // LOOP_REPEATS, LONGEST_ROUND) + 1):
        span = max(LOOP_BYTES, LOOP_REPEATS * period)
        if text[-span:-period] == text[period - span :]:
            start = len(text) - span
            while start and text[start - 1] == text[start - 1 + period]:
                start -= 1
            return start + max(period, LOOP_BYTES // LOOP_REPEATS // period * period)
    return 0
