"""A person, one bot or several that hear the same, and the screen between them."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from friendbot import commands
from friendbot.bot import Bot
from friendbot.conversation import Conversation, Memory, Utterance
from friendbot.errors import FriendbotError, ModelError
from friendbot.interrupts import uninterrupted
from friendbot.transcripts import Transcript
from friendbot.vocabulary import normalise
from friendbot.weights import Model


class Screen(Protocol):
    """Where a talk is shown."""

    interactive: bool
    """Whether somebody sits there, who can stop one answer and go on, or put a mistake right."""
    paced: bool
    """Whether messages come with the pauses of somebody who types."""

    def ask(self) -> str:
        """What the person types next.

        Raises:
            EOFError: there is no more.
            KeyboardInterrupt: Ctrl-C ended it.
        """

    def past(self, utterances: Sequence[Utterance], earlier: int) -> None:
        """Show the end of a conversation taken up, after so many `earlier` messages."""

    def own(self, text: str) -> None:
        """Show a message that the person just typed."""

    def friends(self, texts: Sequence[str | None]) -> None:
        """Show one message of each bot, or None where it has no more."""

    def typing(self, seconds: float) -> None:
        """Show for a while that the bot types."""

    def note(self, text: str) -> None:
        """Say something that nobody said."""


class Voice:
    """A bot's side of a talk."""

    def __init__(self, name: str, chat: Conversation, transcript: Transcript | None = None) -> None:
        self.name, self.chat, self.transcript = name, chat, transcript
        self.keep()

    def keep(self) -> None:
        """Bring the transcript, if there is one, to where the conversation is."""
        if self.transcript:
            self.transcript.follow(self.chat.utterances)


class Talk:
    """What goes on between the person and the bots; the commands change it."""

    HISTORY = 10
    """Messages that are shown, at most, of a conversation taken up."""

    def __init__(
        self,
        voices: Sequence[Voice],
        me: str,
        screen: Screen,
        *,
        instant: bool = False,
        seeded: bool = False,
        renew: Callable[[], Model] | None = None,
    ) -> None:
        """Set them down together.

        Args:
            voices: the bots; of several, all hear the same.
            me: the person's name.
            screen: where it is shown.
            instant: no pauses, even where the screen could show them.
            seeded: whether a new conversation repeats the random numbers of this one.
            renew: loads the newest model, where there may be a newer one than that of the only voice.
        """
        self.voices, self.me, self.screen, self.instant, self.seeded = list(voices), me, screen, instant, seeded
        self._renew = renew
        self.over = False

    def run(self) -> None:
        """Ask and answer until the person has enough.

        Raises:
            KeyboardInterrupt: Ctrl-C at the prompt, or anywhere if nobody sits there; else it only ends the answer.
        """
        while not self.over:
            try:
                text = self.screen.ask()
            except EOFError:
                return
            try:
                self.take(text)
            except KeyboardInterrupt:
                if not self.screen.interactive:
                    raise
                self.screen.note("stopped")
            except (FriendbotError, OSError) as error:
                if not self.screen.interactive:
                    raise
                self.screen.note(str(error))

    def take(self, text: str) -> None:
        """Do what the person typed: a command, or a message to answer; nothing for a blank line.

        Raises:
            FriendbotError: the command could not be done.
        """
        text = text.strip()
        if text.startswith("/") and not text.startswith("//"):
            commands.run(self, text)
        elif text:
            self.hear(text.removeprefix("/") if text.startswith("//") else text)
            self.answer()

    def hear(self, text: str) -> None:
        """Take in a message of the person, and show it."""
        text = normalise(text)
        with uninterrupted():
            for voice in self.voices:
                voice.chat.hear(text)
            self.screen.own(text)
            self._keep()

    def answer(self) -> None:
        """Let the bots answer, message by message; after Ctrl-C what was shown was said, and nothing else."""
        answers = [voice.chat.answer().messages for voice in self.voices]
        if not any(answers):
            self.screen.note("no answer")
        for turn, texts in enumerate(zip_longest(*answers)):
            if self.screen.paced and not self.instant:
                self.screen.typing(max(self._pauses(texts, turn == 0)))
            with uninterrupted():
                for voice, text in zip(self.voices, texts, strict=True):
                    if text is not None:
                        voice.chat.say(text)
                self.screen.friends(texts)
                self._keep()

    def _keep(self) -> None:
        for voice in self.voices:
            voice.keep()

    def _pauses(self, texts: Sequence[str | None], first: bool) -> Iterator[float]:
        for voice, text in zip(self.voices, texts, strict=True):
            if text is not None:
                rhythm = voice.chat.bot.evaluation.rhythm
                yield rhythm.pause(text, first, voice.chat.random("pause"))

    def change(self, change: Callable[[Conversation], Any]) -> list[Any]:
        """Change every conversation, all or none, and bring the transcripts along.

        Args:
            change: called with each; what it returned is returned.
        """
        with uninterrupted():
            results = [change(voice.chat) for voice in self.voices]
            self._keep()
        return results

    def resume(self, utterances: Sequence[Utterance]) -> None:
        """Go on from other words, and show the end of them; from none, begin anew."""
        self.change(lambda chat: chat.resume(utterances))
        if not utterances and not self.seeded:
            seed = secrets.randbits(32)
            for voice in self.voices:
                voice.chat.seed = seed
        shown = utterances[-self.HISTORY :]
        self.screen.past(shown, len(utterances) - len(shown))

    def renew(self, look: bool = False) -> Path | None:
        """Go on with the newest model, where there is a newer one.

        Args:
            look: only look whether there is.

        Returns:
            the newer model's folder, or None.

        Raises:
            ModelError: the newest is of somebody else, or damaged.
        """
        chat = self.voices[0].chat
        model = self._renew() if self._renew else None
        if model is None or model.folder == chat.bot.folder:
            return None
        if not look:
            if model.card["friend"] != chat.bot.friend:
                raise ModelError(
                    f"the newest model, {model.folder}, is {model.card['friend']}; start anew to meet them"
                )
            chat.bot = Bot(model)
            chat.memory = Memory(chat.bot)
        return model.folder
