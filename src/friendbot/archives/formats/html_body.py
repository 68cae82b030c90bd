"""The body of a message in Messenger's and Instagram's HTML: what was typed, and what stands beside it."""

import re
from typing import NamedTuple

from lxml import etree

Element = etree._Element

LONGEST = 80
"""Characters of a line that says how long a call took."""

_DURATION = re.compile(r"\s*[^\d:：]{2,40}[:：]\s*\d.*")
_BREAK = re.compile(r"[ \t\r\f]*\n\s*")
_OUTSIDE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)

_PARAGRAPHS = frozenset({"div", "p", "li", "section", "table", "tr", "blockquote"})
_PLAYERS = frozenset({"video", "audio", "object", "iframe"})
_UNSAID = frozenset({"ul", "script", "style", "svg"})
"""Reactions are lists; the others are for programs."""


class Body(NamedTuple):
    """What a message holds."""

    text: str
    """What was typed, or Messenger's own sentence, with its line breaks; reactions and cards are not in it."""
    media: bool = False
    """Whether a picture, a video, a sound or a file is there."""
    share: bool = False
    """Whether a card is there: a link, a place."""
    call: bool = False
    """Whether a line says how long a call took."""


class Row(NamedTuple):
    """One message as a page has it."""

    sender: str
    """Empty where the page names nobody."""
    when: str
    body: Body


def read(body: Element) -> Body:
    """Read a body, which is `div > [div empty, div TEXT, div card, div media...]`, or the text alone."""
    inner = body
    while len(inner) == 1:
        only = inner[0]
        if only.tag != "div" or ink(inner.text) or ink(only.tail):
            break
        inner = only
    slots = list(inner)
    texts = [slot.text or "" for slot in slots if slot.tag == "div" and len(slot) == 0]
    if len(texts) == len(slots) > 1 and not inner.text and "".join(texts) == texts[1] and "\n" not in texts[1]:
        return Body(texts[1])  # so are nearly all
    if not slots or ink(inner.text) or {slot.tag for slot in slots} != {"div"}:
        text, media, _ = _flat(inner)
        return Body(text, media)
    parts = [
        (slot.text or "", False, False) if len(slot) == 0 and "\n" not in (slot.text or "") else _flat(slot)
        for slot in slots
    ]
    (before, *_), (text, *cards) = parts[0], parts[1 if len(parts) > 1 else 0]
    chosen = 0 if len(parts) == 1 or (ink(before) and (any(cards) or not ink(text))) else 1
    text, media, _ = parts[chosen]
    share = call = False
    for position, (words, pictures, link) in enumerate(parts):
        if position == chosen or not (words or pictures or link):
            continue
        if link or pictures:
            share, media = share or link, media or not link
        elif _DURATION.fullmatch(words) and len(words) <= LONGEST:
            call = True
        elif ink(words):
            share = share or position == 2 or not ink(text)
    return Body(text, media, share, call)


def ink(text: str | None) -> bool:
    """Whether anything of a text would be seen on paper."""
    return text is not None and text != "" and not text.isspace()


def _flat(element: Element) -> tuple[str, bool, bool]:
    """Text of an element, whether there is media in it, and whether there is a link to elsewhere."""
    paragraphs: list[list[str]] = [[]]
    media = link = False
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        tag = str(node.tag)
        if tag in _PARAGRAPHS:
            paragraphs.append([])
        if event == "end":
            if node is not element:
                paragraphs[-1].append(node.tail or "")
            continue
        target = node.get("href") if tag == "a" else None
        local = target is not None and not _OUTSIDE.match(target) and not _ELSEWHERE.match(target)
        link = link or (target is not None and bool(_OUTSIDE.match(target)))
        media = media or local or tag == "img" or tag in _PLAYERS
        if local or tag in _PLAYERS or tag in _UNSAID:
            walk.skip_subtree()
        elif tag == "br":
            paragraphs[-1].append("\0")
        else:
            paragraphs[-1].append(node.text or "")
    return "\n".join(filter(ink, map(_joint, paragraphs))), media, link


def _joint(pieces: list[str]) -> str:
    """Pieces of a paragraph as one text; a NUL is a line break, and no text has one."""
    text = "".join(pieces)
    if "\n" in text:
        # Line breaks of the file itself: of no meaning where there are real ones.
        text = re.sub(r" ?\0 ?", "\0", _BREAK.sub(" ", text)) if "\0" in text else _BREAK.sub("\n", text)
        text = text.strip(" \n")
    return text.replace("\0", "\n")


def line(element: Element | None) -> str:
    """Text of an element on one line."""
    if element is None:
        return ""
    text = "".join(map(str, element.itertext())) if len(element) else element.text or ""
    return " ".join(text.split()) if "\n" in text else text.strip()
