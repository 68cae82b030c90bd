"""A chat's state: what was said goes into the network, what the friend would say comes out."""

from collections.abc import Iterator, Sequence

import numpy as np

from friendbot.inference import CHUNK, Network, State
from friendbot.sampling import Sampler
from friendbot.vocabulary import SPECIALS, Vocabulary

LONGEST_MESSAGE = 600
"""UTF-8 bytes after which a message is cut."""
MOST_MESSAGES = 8
"""Messages after which an answer is cut."""


class Conversation:
    """One chat; the network's state is carried from turn to turn, as it was in training."""

    def __init__(
        self,
        network: Network,
        vocabulary: Vocabulary,
        sampler: Sampler,
        seed: int | None = None,
        state: State | None = None,
    ) -> None:
        """Begin a session after a long silence, or go on from `state`.

        Args:
            seed: of the answers' random numbers; None takes one from the system.
            state: the network's after everything said so far, the answer's first special not yet read.
        """
        self.network, self.vocabulary, self.sampler = network, vocabulary, sampler
        self.random = np.random.default_rng(seed)
        self.state = network.read(network.initial(), [vocabulary.gap])[0] if state is None else state

    def hear(self, text: str) -> None:
        """Take in one message of the person at the keyboard."""
        ids = [self.vocabulary.me, *self.vocabulary.encode(text)]
        for start in range(0, len(ids), CHUNK):
            self.state = self.network.read(self.state, ids[start : start + CHUNK])[0]

    def reply(self) -> Iterator[str]:
        """The friend's answer, message by message, until the friend would stop."""
        for _ in range(MOST_MESSAGES):
            ids, end = self._message()
            if text := self.vocabulary.decode(ids).strip():
                yield text
            if end != self.vocabulary.friend:
                return

    def _message(self) -> tuple[list[int], int]:
        """Token ids of one message, and the special that ended it, which is not read: it begins what comes next."""
        ids: list[int] = []
        size = 0
        self.state, logits = self.network.step(self.state, self.vocabulary.friend)
        while size < LONGEST_MESSAGE or self.vocabulary.pending(ids):
            id = self.sampler(self._allowed(logits, ids), self.random)
            if id < len(SPECIALS):
                return ids, id
            ids.append(id)
            size += len(self.vocabulary.bytes_of(id))
            self.state, logits = self.network.step(self.state, id)
        return ids, self.vocabulary.me

    def _allowed(self, logits: np.ndarray, ids: Sequence[int]) -> np.ndarray:
        """Logits with minus infinity where a token would break UTF-8, or would end a message without text."""
        allowed = np.full_like(logits, -np.inf)
        keep = self.vocabulary.may_follow(self.vocabulary.pending(ids))
        allowed[keep] = logits[keep]
        if not ids:
            allowed[: len(SPECIALS)] = -np.inf
        return allowed
