"""The screen of a talk on a terminal: bubbles, and a prompt below them."""

import re
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import TYPE_CHECKING

from friendbot import commands
from friendbot.conversation import ME, Utterance
from friendbot.lines import EARLIER, visible

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import Output

Fragment = tuple[str, str]
"""A style and a text, as prompt_toolkit has them."""

WIDEST = 72
"""Columns of a bubble at most; on narrow terminals three quarters of what there is."""
MARGIN = 2
"""Columns left free at both sides of a bubble."""
PIECE = 4000
"""Characters of a line to wrap at once; wcwidth takes their square of time where no space is."""
FRAME = 0.3
"""Seconds between two pictures of the typing indicator."""
STYLE = {
    "friend0": "bg:#e4e4e4 #262626",
    "friend1": "bg:#d0d0d0 #262626",
    "me": "bg:#2563c9 #ffffff",
    "name": "bold",
    "note": "dim",
    "prompt": "bold",
}


class Terminal:
    """Bubbles, the friend's at the left and the person's at the right; several bots' side by side.

    It needs prompt_toolkit.
    """

    interactive = True
    paced = True

    def __init__(
        self, me: str, names: Sequence[str], input: "Input | None" = None, output: "Output | None" = None
    ) -> None:
        """Take over a terminal.

        Args:
            me: the person's name.
            names: of the bots.
            input: where keys come from, if not from stdin.
            output: what is drawn on, if not stdout.

        Raises:
            ImportError: prompt_toolkit is not installed.
        """
        from prompt_toolkit import PromptSession
        from prompt_toolkit.styles import Style
        from wcwidth import width, wrap

        self._me, self._names = me, [visible(name) for name in names]
        self._width: Callable[[str], int] = width
        self._wrap: Callable[..., list[str]] = wrap
        self._style = Style.from_dict(STYLE)
        self._session = PromptSession[str](
            [("class:prompt", f"{visible(me)}: ")],
            style=self._style,
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_keys(),
            completer=_completer(),
            complete_while_typing=False,
            erase_when_done=True,
            input=input,
            output=output,
        )
        self._output = self._session.output
        self._last: str | None = None
        self._burst = 0

    def ask(self) -> str:
        """What is typed at the prompt: one line or several."""
        self._begin("prompt")
        self._last = None
        text = self._session.prompt()
        if text.startswith("/") and not text.startswith("//"):
            self.note(text)
        return text

    def past(self, utterances: Sequence[Utterance], earlier: int) -> None:
        """Bubbles, as if it had been said just now."""
        if earlier:
            self.note(EARLIER.format(earlier))
        for utterance in utterances:
            if utterance.speaker == ME:
                self.own(utterance.text)
            else:
                self.friends([utterance.text] * len(self._names))

    def own(self, text: str) -> None:
        """A bubble at the right."""
        self._begin("me")
        left = self._columns() - MARGIN
        lines = self._bubble(text, self._widest())
        self._print([[("", " " * (left - wide)), ("class:me", line)] for line, wide in lines])

    def friends(self, texts: Sequence[str | None]) -> None:
        """Bubbles at the left, or of several bots in columns; the name above the first ones."""
        space = self._columns() // len(texts)
        rows: list[list[Fragment]] = []
        if self._begin("friend"):
            self._burst = 0
            rows.append([("class:name", (self._wrap(name, space - MARGIN) or [""])[0]) for name in self._names])
        style = f"class:friend{self._burst % 2}"
        self._burst += 1
        most = self._widest() if len(texts) == 1 else space - 2 * MARGIN
        columns = [[line for line, _ in self._bubble(text or "", most)] for text in texts]
        rows += [[(style, line) for line in row] for row in zip_longest(*columns, fillvalue="")]
        self._print([self._row(cells, space) for cells in rows])

    def typing(self, seconds: float) -> None:
        """A line with moving dots, taken away at the end."""
        who = " and ".join(self._names)
        who = f"{who} {'is' if len(self._names) == 1 else 'are'} typing"
        (who, *_) = self._wrap(who, self._columns() - 2 * MARGIN - 4)
        end, frame = time.monotonic() + seconds, 0
        self._output.hide_cursor()
        try:
            while (left := end - time.monotonic()) > 0:
                self._output.write_raw("\r")
                self._output.erase_end_of_line()
                self._print([[("class:note", f"{' ' * MARGIN}{who} {'.' * (frame % 4)}")]], end="")
                time.sleep(min(FRAME, left))
                frame += 1
        finally:
            self._output.write_raw("\r")
            self._output.erase_end_of_line()
            self._output.show_cursor()
            self._output.flush()

    def note(self, text: str) -> None:
        """Dimmed lines."""
        self._begin("note")
        for line in text.splitlines():
            line = visible(line)
            table = re.match(r"\S.*?\s{2,}", line)
            indent = min(table.end(), self._columns() // 3) if table else 0
            for part in self._wrap(line, self._columns() - 1, subsequent_indent=" " * indent):
                self._print([[("class:note", part)]])

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep what is typed while the bot answers for the next prompt, instead of showing it in between."""
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        quiet = termios.tcgetattr(descriptor)
        quiet[0] &= ~termios.ICRNL
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
        try:
            yield
        finally:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def _begin(self, kind: str) -> bool:
        """Leave a line free where something of another kind came last; whether it was so, or nothing did."""
        changes = self._last != kind
        if changes and self._last:
            self._print([[]])
        self._last = kind
        return changes

    def _row(self, cells: Sequence[Fragment], space: int) -> list[Fragment]:
        """A line of cells, each `space` columns wide."""
        parts: list[Fragment] = []
        for style, text in cells:
            parts += [("", " " * MARGIN), (style, text), ("", " " * (space - MARGIN - self._width(text)))]
        return parts[:-1]

    def _columns(self) -> int:
        return max(self._output.get_size().columns, 16)

    def _widest(self) -> int:
        return min(WIDEST, self._columns() * 3 // 4 - 2 * MARGIN)

    def _bubble(self, text: str, most: int) -> Iterator[tuple[str, int]]:
        """The lines of a bubble, padded to one width, and that."""
        lines = [part for line in text.splitlines() for part in self._wrapped(line, most - 2)]
        widths = [self._width(line) for line in lines]
        wide = max(widths, default=0)
        for line, own in zip(lines, widths, strict=True):
            yield f" {line}{' ' * (wide - own)} ", wide + 2

    def _wrapped(self, line: str, most: int) -> list[str]:
        line = visible(line)
        pieces = (line[start : start + PIECE] for start in range(0, len(line), PIECE))
        return [part for piece in pieces for part in self._wrap(piece, most)] or [""]

    def _print(self, lines: Iterable[list[Fragment]], end: str = "\n") -> None:
        from prompt_toolkit import print_formatted_text
        from prompt_toolkit.formatted_text import FormattedText

        print_formatted_text(
            *map(FormattedText, lines),
            sep="\n",
            end=end,
            style=self._style,
            output=self._output,
            include_default_pygments_style=False,
            flush=True,
        )


def _keys() -> "KeyBindings":
    """Enter sends, Alt-Enter and Ctrl-J begin a new line, Ctrl-C clears what is typed, or ends where nothing is."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("c-j")
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def clear_or_end(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return keys


def _completer() -> "Completer":
    """Completes commands."""
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Commands(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            line = document.text_before_cursor
            for word, help in commands.completions(line):
                yield Completion(word, -len(line.rpartition(" ")[2]), display_meta=help)

    return Commands()
