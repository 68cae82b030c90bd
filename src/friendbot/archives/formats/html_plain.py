"""Messages that are text and nothing else, as nearly all are: taken out of a page before the rest of it is parsed."""

import re

from friendbot.archives.formats.html_body import Body, Row

AFTER = "data-after"
"""Attribute of the rules that stand where messages were taken out: how many there were before it."""

_WORDS = rb"[^<>&\0\r\n]*+(?:&(?:amp|lt|gt|quot|#0?39);[^<>&\0\r\n]*+)*+"
_LINES = rb"[^<>&\0\r\n]*+(?:(?:&(?:amp|lt|gt|quot|#0?39);|<br />)[^<>&\0\r\n]*+)*+"
_EMPTY = rb"(?:<div></div>)*+"
_BLOCK = re.compile(
    rb"(?:(?<=</div>)|(?<=</section>))"  # as deep as the one before it: not in a body
    rb"<(?P<block>div|section)\b[^<>]*(?:uiBoxWhite|_a6-g)[^<>]*>"
    rb"<(?P<head>div|h2)\b[^<>]*(?:_2lel|_a6-h)[^<>]*>(?P<sender>" + _WORDS + rb")</(?P=head)>"
    rb"<div\b[^<>]*(?:_2let|_a6-p)[^<>]*><div><div></div><div>(?P<text>"
    + _LINES
    + rb")</div>"
    + _EMPTY
    + rb"</div></div>"
    rb"<(?P<foot>div|footer)\b[^<>]*(?:_2lem|_a6-o)[^<>]*>(?P<link><a\b[^<>]*>)?(?P<inner><div\b[^<>]*_a72d[^<>]*>)?"
    rb"(?P<date>" + _WORDS + rb")(?(inner)</div>)(?(link)</a>)</(?P=foot)></(?P=block)>"
)
_REFERENCES = (("<br />", "\n"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#039;", "'"), ("&#39;", "'"))


def taken(data: bytes) -> tuple[list[Row], bytes]:
    """The plain messages of a page in UTF-8, and the page without them but with a rule where others come after them."""
    pieces = _BLOCK.split(data)
    senders, texts, dates = (
        pieces[_BLOCK.groupindex[name] :: _BLOCK.groups + 1] for name in ("sender", "text", "date")
    )
    known = {sender: _text(sender).strip() for sender in set(senders)}
    rows = [
        Row(known[sender], _text(date).strip(), Body(_text(text)))
        for sender, text, date in zip(senders, texts, dates, strict=True)
    ]
    others = enumerate(pieces[:: _BLOCK.groups + 1])
    rest = (b"<hr %s=%d>%s" % (AFTER.encode(), count, other) if count else other for count, other in others if other)
    return rows, b"".join(rest)


def _text(data: bytes) -> str:
    text = data.decode()
    if "&" in text or "<" in text:
        for reference, meaning in _REFERENCES:
            text = text.replace(reference, meaning)
        text = text.replace("&amp;", "&")
    return text
