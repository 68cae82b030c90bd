"""The lines of an exported WhatsApp chat: where messages begin, when, and who sent them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from friendbot.archives.formats.whatsapp_notices import MARKS, notices

FIRST = 5
"""Lines among which the first head of a chat must be."""

FEWEST = 2
"""Heads that a chat has: WhatsApp's notice of encryption comes before all messages."""

LONGEST_NAME = 100

FEWEST_DIGITS = 5
"""Of a head, or of one that is damaged."""

RARE = 4
"""How many times as many heads another style must have."""

SLIPS = 2
"""Characters in which a broken head differs from whole ones."""

_M = "[\u200e\u200f\u202a-\u202e\ufeff]*+"
_DATE = rf"\d{{1,4}}{_M}(?P<mark>[./-]){_M}[^\S\n]?\d{{1,2}}{_M}(?P=mark){_M}[^\S\n]?\d{{1,4}}"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
_WHEN = rf"(?P<when>{_DATE}(?P<between>[^\d\n\[\]]{{1,8}}){_TIME}[^\d\n\[\]]{{0,16}}?)"
_HEADS = (
    re.compile(rf"^{_M}\[{_WHEN}\](?: |$){_M}", re.MULTILINE),
    re.compile(rf"^{_M}{_WHEN} -(?: |$){_M}", re.MULTILINE),
)
_DIGIT = re.compile(r"\d")
_QUOTES = (("“", "”"), ("«", "»"))


@dataclass
class Lines:
    """A chat taken apart; the lists belong together."""

    heads: list[str] = field(default_factory=list)
    """Dates and times, as they are written."""
    days: dict[str, str] = field(default_factory=dict)
    """One head of each date, in their order."""
    senders: list[str | None] = field(default_factory=list)
    """None where WhatsApp tells what happened."""
    bodies: list[str] = field(default_factory=list)
    """What follows the sender, or the head where there is no sender, with WhatsApp's marks."""
    before: int = 0
    """Lines before the first head."""
    broken: list[str] = field(default_factory=list)
    """Beginnings of lines that must be heads, but are damaged."""


def is_chat(text: str) -> bool:
    """Whether the beginning of a file has heads: a date and a time in brackets or before a dash, then a name."""
    first = re.match(rf"(?:\s*\S[^\n]*\n?){{1,{FIRST}}}", text)
    for pattern in _HEADS if first else ():
        found = [*pattern.finditer(text)]
        if len(found) >= FEWEST and first and found[0].start() < first.end():
            return any(_divided(text[match.end() : match.end() + 2 * LONGEST_NAME])[0] for match in found)
    return False


def parse(text: str) -> Lines:
    """Take a chat apart. A line that has no head goes on with the message before it."""
    text = text.replace("\r\n", "\n")
    patterns = [(match.start(), pattern) for pattern in _HEADS if (match := pattern.search(text))]
    lines = Lines()
    if not patterns:
        lines.before = len(text.split("\n"))
        return lines
    matches = _alike([*min(patterns, key=lambda found: found[0])[1].finditer(text)])
    lines.before = sum(bool(line.strip()) for line in text[: matches[0].start()].split("\n"))
    shapes: set[str] = set()
    ends = [match.start() - 1 for match in matches[1:]] + [len(text) - text.endswith("\n")]
    for match, end in zip(matches, ends, strict=True):
        body = text[match.end() : end]
        if "\n" in body and len(_DIGIT.findall(body)) >= FEWEST_DIGITS:
            shapes = shapes or {_DIGIT.sub("0", match[0]) for match in matches}
            body = _until_broken(body, shapes, lines.broken)
        head = match["when"]
        lines.heads.append(head)
        lines.days.setdefault(head[: match.end("between") - match.start("when")], head)
        lines.bodies.append(body)
    _divide(lines)
    return lines


def _alike(matches: list[re.Match[str]]) -> list[re.Match[str]]:
    """Heads of the usual style: one phone has one, and what is rare is written or quoted by people."""
    styles = [(match["mark"], "," in match["between"]) for match in matches]
    counts = Counter(styles)
    fewest = max(counts.values()) / RARE
    return [match for match, style in zip(matches, styles, strict=True) if counts[style] >= fewest]


def _until_broken(body: str, shapes: set[str], broken: list[str]) -> str:
    """A message up to the first line that has nearly the shape of a head; the others are added to `broken`."""
    parts = body.split("\n")
    ends = [place for place, part in enumerate(parts) if place and _nearly_head(part, shapes)]
    broken += [parts[place][:40] for place in ends]
    return "\n".join(parts[: ends[0]]) if ends else body


def _nearly_head(line: str, shapes: set[str]) -> bool:
    if len(_DIGIT.findall(line[:30])) < FEWEST_DIGITS:
        return False
    plain = _DIGIT.sub("0", line[:60])
    slips = min(
        sum(one != other for one, other in zip(plain, shape, strict=False)) if len(plain) >= len(shape) else len(shape)
        for shape in shapes
    )
    # What is a head of another style is quoted.
    return slips <= (1 if any(pattern.match(line) for pattern in _HEADS) else SLIPS)


def _divide(lines: Lines) -> None:
    """Part senders from what they say."""
    divided = [_divided(body) for body in lines.bodies]
    known = _names(Counter(name for name, _ in divided if name is not None))
    for place, (name, body) in enumerate(divided):
        sender = known.get(name) if name is not None else None
        lines.senders.append(sender)
        if sender is not None:
            lines.bodies[place] = body


def _divided(body: str) -> tuple[str | None, str]:
    """What may be a name, and the rest."""
    name, colon, rest = body.partition(": ")
    if colon and "\n" not in name:
        return name, rest
    # Some editors take away spaces at the ends of lines.
    first, _, rest = body.partition("\n")
    return (first[:-1], rest) if first.endswith(":") else (None, body)


def _names(counts: Counter[str]) -> dict[str, str]:
    """Names by how they are written, without what is no name: a notice can have a colon in it."""
    plain = {name: clean(name) for name in counts}
    return {name: plain[name] for name in counts if not _is_notice(name, counts, plain.values())}


def _is_notice(name: str, counts: Counter[str], plain: Iterable[str]) -> bool:
    """Whether what stands before a colon is the beginning of a notice, such as 'Bob changed the subject to "a'."""
    if not name.strip() or len(name) > LONGEST_NAME or name.count('"') % 2:
        return True
    if "„" in name and not {"“", "”"} & {*name}:
        return True
    if "„" not in name and any(name.count(opening) > name.count(closing) for opening, closing in _QUOTES):
        return True
    if counts[name] > 1:
        return False
    begins = (f"{one} " for one in plain if one)
    words = clean(name)
    return any(words.startswith(one) and words[len(one) :][:1].islower() for one in (*begins, *notices().you))


def clean(name: str) -> str:
    """A name without marks of direction, and without the `~` of people who are no contacts."""
    name = MARKS.sub("", name).replace("\xa0", " ").replace("\u202f", " ").strip()
    return name[1:].strip() if name.startswith("~") and name[1:].strip() else name
