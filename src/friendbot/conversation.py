"""A chat: what was said so far, and what the friend would say to that."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from friendbot.answers import Answer
from friendbot.bot import Bot
from friendbot.inference import State
from friendbot.sampling import Decoding

ME, FRIEND = SPEAKERS = ("me", "friend")


class Utterance(NamedTuple):
    """One message of a chat."""

    speaker: str
    """`me`, the person at the keyboard, or `friend`, the bot."""
    text: str
    gap: bool = False
    """Whether a long silence came before it; before the first one there always was."""


class Memory:
    """The network's states after texts, those used last; safe to share between threads.

    A state is a function of the text alone, however the text came about: said, answered, or loaded from a file. So a
    conversation can be taken up by whoever knows its words, and the memory only saves reading them again.
    """

    def __init__(self, bot: Bot, most: int = 256) -> None:
        """Remember `most` states: each takes `8 * layers * units` bytes."""
        self.bot, self.most = bot, most
        self._states: OrderedDict[bytes, State] = OrderedDict()
        self._lock = threading.Lock()

    def after(self, utterances: Sequence[Utterance], silence: bool = False) -> State:
        """The network's state after a conversation; if `silence`, after a long one that followed."""
        known, state, digests = 0, None, [b""]
        for index, utterance in enumerate(utterances):
            digests.append(_digest(digests[-1], utterance, first=index == 0))
        with self._lock:
            for known in range(len(utterances), -1, -1):
                if state := self._states.get(digests[known]):
                    self._states.move_to_end(digests[known])
                    break
        vocabulary = self.bot.vocabulary
        if state is None:
            state = self.bot.network.initial()
        for index in range(known, len(utterances)):
            state = self.bot.network.after(state, self._ids(utterances[index], first=index == 0))
            if index >= len(utterances) - self.most:
                self._keep(digests[index + 1], state)
        if silence or not utterances:
            state = self.bot.network.after(state, [vocabulary.gap])
        return state

    def _ids(self, utterance: Utterance, first: bool) -> list[int]:
        """The tokens of one utterance, as in training."""
        vocabulary = self.bot.vocabulary
        gap = [vocabulary.gap] if first or utterance.gap else []
        speaker = vocabulary.friend if utterance.speaker == FRIEND else vocabulary.me
        return [*gap, speaker, *vocabulary.encode(utterance.text)]

    def _keep(self, digest: bytes, state: State) -> None:
        with self._lock:
            self._states[digest] = state
            if len(self._states) > self.most:
                self._states.popitem(last=False)


def _digest(before: bytes, utterance: Utterance, first: bool) -> bytes:
    said = f"{utterance.speaker}\0{int(first or utterance.gap)}\0{utterance.text}"
    return hashlib.blake2b(before + said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Conversation:
    """One chat. Given a seed, the same words typed get the same answers, to the letter."""

    def __init__(
        self, bot: Bot, decoding: Decoding | None = None, seed: int | None = None, memory: Memory | None = None
    ) -> None:
        """Begin after a long silence.

        Args:
            bot: who answers.
            decoding: how answers are chosen; the model's own if None. May be changed at any time.
            seed: of the answers' random numbers; None takes one from the system.
            memory: shared with other conversations, if they are many.
        """
        self.bot = bot
        self.decoding = decoding or bot.evaluation.decoding
        self.seed = secrets.randbits(32) if seed is None else seed
        self.memory = memory or Memory(bot)
        self.utterances: list[Utterance] = []
        self._silence = False
        self._attempt = 0

    def hear(self, text: str) -> None:
        """Take in one message of the person at the keyboard."""
        self._add(ME, text)

    def say(self, text: str) -> None:
        """Take in one message of the bot, once it was shown."""
        self._add(FRIEND, text)

    def answer(self, tokens: int | None = None) -> Answer:
        """What the friend would say now; nothing counts as said until `say`.

        Args:
            tokens: the most tokens of the answer.
        """
        state = self.memory.after(self.utterances, self._silence)
        written: list[int] = []
        for utterance in self.utterances[-16:]:
            if utterance.speaker == FRIEND:
                written += [*self.bot.vocabulary.encode(utterance.text), self.bot.vocabulary.friend]
        return self.bot.writer(self.decoding, tokens).answer(state, self.random("answer"), written)

    def random(self, purpose: str) -> np.random.Generator:
        """Random numbers of this place in the conversation, for one purpose."""
        return np.random.default_rng([self.seed, len(self.utterances), self._attempt, *purpose.encode()])

    def silence(self) -> None:
        """Let a long time pass: what is said next opens a new session."""
        self._silence = bool(self.utterances)

    def again(self) -> bool:
        """Take back the bot's last answer, so that `answer` gives another one; False if there is none."""
        kept = len(self.utterances)
        while kept and self.utterances[kept - 1].speaker == FRIEND:
            kept -= 1
            if self.utterances[kept].gap:
                break
        if kept == len(self.utterances):
            return False
        self._silence = kept > 0 and self.utterances[kept].gap
        del self.utterances[kept:]
        self._attempt += 1
        return True

    def undo(self) -> bool:
        """Take back the bot's last answer and the message before it; False if nothing was said."""
        if not self.utterances:
            return False
        self.again()
        if self.utterances and self.utterances[-1].speaker == ME:
            self.utterances.pop()
        self._silence, self._attempt = False, 0
        return True

    def resume(self, utterances: Iterable[Utterance] = (), silence: bool = False, attempt: int = 0) -> None:
        """Go on from another conversation, or from none: begin anew.

        Args:
            utterances: what was said, oldest first.
            silence: whether a long silence followed.
            attempt: how many answers to it were taken back; each has random numbers of its own.
        """
        self.utterances = list(utterances)
        self._silence, self._attempt = silence and bool(self.utterances), attempt

    def _add(self, speaker: str, text: str) -> None:
        self.utterances.append(Utterance(speaker, text, self._silence or not self.utterances))
        self._silence = False
        if speaker == ME:
            self._attempt = 0
