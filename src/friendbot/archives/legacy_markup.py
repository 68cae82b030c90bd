"""The markup of Facebook's legacy message pages, read as loosely as it was written."""

from html.parser import HTMLParser
from typing import NamedTuple


class Row(NamedTuple):
    """One message as the page has it, still without meaning: `text` has its line breaks."""

    sender: str
    when: str | None
    """The time in words; None where the page has no place for it."""
    text: str
    picture: bool


class Block(NamedTuple):
    """One `div.thread`: `people` is the line of participants, `rows` come as in the page, newest first."""

    people: str
    rows: list[Row]


def block(page: str) -> Block:
    """Read one `div.thread`, from its opening tag on; what follows its end is passed over."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.block()


class _Parser(HTMLParser):
    """Follows one thread. Text counts in three places only: before the first message, in a span, in a paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._rows: list[Row] = []
        self._people: list[str] = []
        self._user: list[str] = []
        self._meta: list[str] | None = None
        self._paragraphs: list[list[str]] = []
        self._picture = False
        self._started = False
        self._headed = False
        self._sink: list[str] | None = self._people
        self._inside = 0
        self._depth = 0

    def block(self) -> Block:
        self._flush()
        people = " ".join("".join(self._people).split())
        if self._headed:  # `<h3>Conversation with X</h3>Participants: X`, in the account's language
            people = people.partition(": ")[2] if ": " in people else people
        return Block(people, self._rows)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = next((value or "" for name, value in attrs if name == "class"), "").split()
        if tag == "div":
            self._depth += 1
            if "message" in classes:
                self._flush()
                self._started = True
                self._inside = 0
                self._sink = None
            elif not self._started and "thread" not in classes:
                self._sink = None
        elif tag == "h3" and not self._started:
            self._headed = True
            self._sink = None
        elif tag == "span" and not self._inside and self._started:
            if "user" in classes:
                self._sink = self._user
            elif "meta" in classes:
                self._meta = []
                self._sink = self._meta
        elif tag == "p" and self._started and self._depth:
            self._inside += 1
            self._paragraphs.append([])
            self._sink = self._paragraphs[-1]
        elif tag == "br" and self._inside:
            self.handle_data("\n")
        elif tag == "img" and self._started:
            self._picture = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("br", "img"):
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self._depth -= 1
        elif tag == "h3" and not self._started:
            self._people.clear()
            self._sink = self._people
        elif tag == "span" and self._started and not self._inside:
            self._sink = None
        elif tag == "p" and self._inside:
            self._inside -= 1
            if not self._inside:
                self._sink = None

    def handle_data(self, data: str) -> None:
        if self._sink is not None:
            self._sink.append(data)

    def _flush(self) -> None:
        """End the message that is being read."""
        if self._started:
            texts = ["".join(paragraph).strip() for paragraph in self._paragraphs]
            sender = " ".join("".join(self._user).split())
            when = None if self._meta is None else " ".join("".join(self._meta).split())
            self._rows.append(Row(sender, when, "\n".join(filter(None, texts)), self._picture))
        self._user, self._meta, self._paragraphs, self._picture = [], None, [], False
