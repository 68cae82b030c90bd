"""Messenger's and Instagram's HTML pages, small and as those write them."""

import html
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from archive_writers import FRIEND, ME, ROOT


class Style(NamedTuple):
    """Opening tags, with the tags that close them, of one generation of pages."""

    block: str
    sender: str
    body: str
    date: tuple[str, str]
    people: str = '<div class="_2lek _1s7d">'
    title: str = '<div class="_3b0d">'
    wrapped: bool = False
    """Whether sender and body are in an element of their own."""


LINK = '<a target="_blank" href="https://www.facebook.com/dyi/l/?l=AaBb">'
STYLES = {
    "2018": Style(
        '<div class="pam _3-95 _2pi0 _2lej uiBoxWhite noborder">',
        '<div class="_3-96 _2pio _2lek _2lel">',
        '<div class="_3-96 _2let">',
        ('<div class="_3-94 _2lem">', "</div>"),
    ),
    "2021": Style(
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">',
        '<div class="_2ph_ _a6-h _a6-i">',
        '<div class="_2ph_ _a6-p">',
        (f'<div class="_3-94 _a6-o">{LINK}<div class="_a72d">', "</div></a></div>"),
        '<div class="_2ph_ _a6-h">',
    ),
    "2025": Style(
        '<section class="_a6-g" aria-labelledby="u_0_1">',
        '<h2 class="_2ph_ _a6-h _a6-i" id="u_0_1">',
        '<div class="_2ph_ _a6-p">',
        ('<footer class="_3-94 _a6-o"><div class="_a72d">', "</div></footer>"),
        '<div class="_2ph_ _a6-h">',
        '<h1 id="u_0_0">',
    ),
    "2025 wrapped": Style(
        '<section class="_a6-g">',
        '<h2 class="_2ph_ _a6-h _a6-i">',
        '<div class="_2ph_ _a6-p">',
        ('<footer class="_3-94 _a6-o"><div class="_a72d">', "</div></footer>"),
        wrapped=True,
    ),
    "inner date": Style(
        '<section class="_a6-g">',
        '<h2 class="_2ph_ _a6-h _a6-i">',
        '<div class="_2ph_ _a6-p">',
        (f'<footer>{LINK}<div class="_a72d">', "</div></a></footer>"),
    ),
    "instagram": Style(
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">',
        '<h2 class="_3-95 _2pim _a6-h _a6-i">',
        '<div class="_3-95 _a6-p">',
        ('<div class="_3-94 _a6-o">', "</div>"),
        title='<h1 id="u_0_0">',
    ),
    "unknown": Style(
        '<article class="q1">',
        '<h3 class="q2">',
        '<div class="q3">',
        ('<p class="q4"><span class="q5">', "</span></p>"),
        '<div class="q6">',
        '<h1 class="q7">',
    ),
    "unknown wrapped": Style(
        '<article class="q1">', '<h3 class="q2">', '<div class="q3">', ('<p class="q4">', "</p>"), wrapped=True
    ),
    "bare": Style("<div>", "<div>", "<div>", ("<div>", "</div>"), "<div>", "<h1>"),
}
KNOWN = tuple(style for style in STYLES if style not in ("unknown", "unknown wrapped", "bare"))


def escaped(text: str) -> str:
    """Text as pages have it."""
    text = html.escape(text).replace("&#x27;", "&#039;")
    return text.replace("\r", "&#13;").replace("\n", "<br />")


def minute(time: datetime) -> str:
    """A time in English as pages wrote it before 2021."""
    return f"{time:%b} {time.day}, {time.year}, {time.hour % 12 or 12}:{time:%M %p}"


def second(time: datetime) -> str:
    """The same as they write it since."""
    return f"{time:%b} {time.day}, {time.year} {time.hour % 12 or 12}:{time:%M:%S} {f'{time:%p}'.lower()}"


def reactions(*given: str) -> str:
    return f'<ul class="_tqp">{"".join(f"<li>{one}</li>" for one in given)}</ul>'


def photo(name: str = "photos/1.jpg") -> str:
    return f'<a target="_blank" href="messages/inbox/x/{name}"><img src="messages/inbox/x/{name}" class="_a6_o" /></a>'


def card(link: str = "https://www.example.com/", words: str = "A card") -> str:
    return f'<div><div>{words}</div><a target="_blank" href="{link}">{link}</a></div>'


def slots(text: str = "", *others: str) -> str:
    """What is in a body: nothing, the text, a card, then media, lengths of calls and reactions."""
    parts = ("", text, *(others or ("", "")))
    return f"<div>{''.join(f'<div>{part}</div>' for part in parts)}</div>"


def message(
    sender: str, text: str = "", when: str = "Mar 3, 2018, 4:05 PM", *others: str, style: str = "2018", body: str = ""
) -> str:
    """A block; `others` and `body` are markup."""
    look = STYLES[style]
    head = f"{look.sender}{escaped(sender)}{_end(look.sender)}"
    middle = f"{look.body}{body or slots(escaped(text), *others)}{_end(look.body)}"
    said = f"<div>{head}{middle}</div>" if look.wrapped else head + middle
    return f"{look.block}{said}{look.date[0]}{when}{look.date[1]}{_end(look.block)}"


def page(
    messages: Sequence[str],
    *,
    style: str = "2018",
    people: str | None = f"Participants: {FRIEND} and {ME}",
    title: str = FRIEND,
    made: str = "",
) -> str:
    """A whole page; `messages` come oldest first, and are written newest first."""
    look = STYLES[style]
    listing = (
        "" if people is None else f"{look.block}{look.people}{escaped(people)}{_end(look.people)}{_end(look.block)}"
    )
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" /><base href="../../../../" />'
        f'<title>{escaped(title)}</title><style type="text/css">.a{{color:#fff}}</style></head>'
        f'<body class="_5vb_"><div class="_3a_u">{look.title}{escaped(title)}{_end(look.title)}'
        f'<div class="_4t5n" role="main">{made}{listing}{"".join(reversed(messages))}</div></div></body></html>'
    )


def thread(root: Path, folder: str, *pages: str | bytes, section: str = "inbox", messages: str = ROOT) -> Path:
    """Write the pages of one thread, the newest first; return the archive's root."""
    place = root / messages / section / folder
    place.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(pages, 1):
        (place / f"message_{number}.html").write_bytes(one if isinstance(one, bytes) else one.encode())
    return root


def _end(tag: str) -> str:
    return f"</{tag[1:].split(' ')[0].rstrip('>')}>"
