"""The screens of a talk that are lines alone: on a plain terminal, and in a pipe."""

import io
import sys
import unicodedata
from collections.abc import Sequence

from friendbot import cli
from friendbot.conversation import ME, Utterance

EARLIER = "{:,} earlier messages"


class Pipe:
    """No terminal: a message a line comes in, answers go out, one line for each message."""

    interactive = False
    paced = False

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Answers of several bots, `names`, have the name in front."""
        self._prefixes = [f"{name}: " for name in names] if len(names) > 1 else [""]
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

    def ask(self) -> str:
        """The next line."""
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        text = line.strip()
        return f"/{text}" if text.startswith("/") else text  # a pipe sends messages alone

    def past(self, utterances: Sequence[Utterance], earlier: int) -> None:
        """Nothing: answers alone go out."""

    def own(self, text: str) -> None:
        """Nothing: who writes into the pipe knows it."""

    def friends(self, texts: Sequence[str | None]) -> None:
        """One line for each message."""
        for prefix, text in zip(self._prefixes, texts, strict=True):
            if text is not None:
                print(prefix + cli.printable(text), flush=True)

    def typing(self, seconds: float) -> None:
        """Nothing: a pipe does not wait."""

    def note(self, text: str) -> None:
        """A line beside the answers, on stderr."""
        print(text, file=sys.stderr)


class Plain:
    """A terminal that is asked for nothing but lines."""

    interactive = True
    paced = False

    def __init__(self, me: str, names: Sequence[str]) -> None:
        self._me, self._names = cli.printable(me), [cli.printable(name) for name in names]
        import readline  # noqa: F401 (line editing and history for input())

    def ask(self) -> str:
        """What is typed after the person's name."""
        try:
            return input(f"{self._me}: ")
        except (EOFError, KeyboardInterrupt):
            print()
            raise

    def past(self, utterances: Sequence[Utterance], earlier: int) -> None:
        """One line for each message."""
        if earlier:
            self.note(EARLIER.format(earlier))
        for utterance in utterances:
            if utterance.speaker == ME:
                print(f"{self._me}: {cli.printable(utterance.text)}")
            else:
                self.friends([utterance.text] * len(self._names))

    def own(self, text: str) -> None:
        """Nothing: what was typed stands there already."""

    def friends(self, texts: Sequence[str | None]) -> None:
        """One line for each message."""
        for name, text in zip(self._names, texts, strict=True):
            if text is not None:
                print(f"{name}: {cli.printable(text)}", flush=True)

    def typing(self, seconds: float) -> None:
        """Nothing: the pauses are for terminals that can take the indicator away again."""

    def note(self, text: str) -> None:
        """Some lines."""
        for line in text.splitlines():
            print(visible(line), flush=True)


def visible(line: str) -> str:
    """A line without what could move the cursor or ring; a tab is a space."""
    return "".join(letter for letter in line.replace("\t", " ") if unicodedata.category(letter) != "Cc")
