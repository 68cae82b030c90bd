"""What WhatsApp itself writes into an exported chat, told from what people type."""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from friendbot.messages import CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT, UNSENT

PHRASES = Path(__file__).with_name("whatsapp_notices.toml")

MARK = "\u200e"
"""On iPhones, most of what WhatsApp writes begins with this, in every language."""

OPENING = 8
"""Characters by which a message is told apart; nearly all that people type is passed over after one look-up."""

LONGEST = 200
"""Characters of the longest phrase, with what may follow it."""

MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of direction, which WhatsApp puts around names, numbers and its own words."""

_PLAIN = str.maketrans({"\xa0": " ", "\u202f": " ", "’": "'"})
_MENTION = re.compile("@\u2068([^\u2069\n]*)\u2069")
_OMITTED = re.compile(f"{MARK}*<([^<>\n]*)>(?:\n|$)")
_WORDS = re.compile(r"[^\W\d_]+(?:[ '’][^\W\d_]+){1,6}\.?")
_SENT = re.compile(f"{MARK}*([^\n]*?\\.\\w{{0,5}}) \\(([^()\n]+)\\)(?:\n|$)")
_NUMBERED = re.compile(r"[^:]+: ?\d{5,}-.+")
_CAMERA = re.compile(r".*-\d{8}-WA\d{4,}\.\w{2,5}")
_FILE = re.compile(r"[^\n]+\.\w{2,5}|[^\n]+ • [^\n]+")
_PLACE = re.compile(r"[^\n:]{1,40}: https://maps\.google\.com/\?q=\S+|[^\n]*https://foursquare\.com/v/\S+")
_POLL = re.compile(f"[^\n]{{2,30}}:\n.+\n{MARK}?[^\n:]{{2,30}}: [^\n]+ \\({MARK}?\\d+ [^()\n]+\\)\n?", re.DOTALL)


class Notices:
    """The phrases of all languages."""

    def __init__(self, path: Path = PHRASES) -> None:
        """Read the table, whose head explains it."""
        tables = [*tomllib.loads(path.read_text("utf-8")).values()]

        def every(key: str) -> set[str]:
            return {_plain(phrase) for table in tables for phrase in table[key]}

        self.you = tuple(sorted({f"{word} " for table in tables for word in table["you"]}))
        """How a notice that speaks to the owner begins."""
        self.between = sorted({word for table in tables for word in table["with"]}, key=lambda word: (-len(word), word))
        """Words between 'WhatsApp' and a name; those that begin with others come before them."""
        self._attached, self._edited, self._tails = every("attached"), every("edited"), every("tails")
        self._omitted, calls = every("omitted"), every("missed") | every("call")
        self._call = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(calls)))})[.,] (.+)")
        self._kinds = dict.fromkeys(self._omitted, MEDIA) | dict.fromkeys(every("unsent"), UNSENT)
        self._kinds |= dict.fromkeys(every("missed"), CALL) | dict.fromkeys(every("shared"), SHARE)
        self._system = tuple(sorted({phrase.casefold() for table in tables for phrase in table["system"]}))
        begun = {f"{phrase}{end}" for phrase in (*self._kinds, *calls) for end in ("", ".", ". ", ", ")}
        self._openings = frozenset(phrase[:OPENING] for phrase in (*begun, *self._system))
        self.read = lru_cache(maxsize=1 << 12)(self._read)
        """The kind of a message, and its text; of what was typed, without WhatsApp's own words around it."""

    def typed(self, text: str) -> bool:
        """Whether a message is certainly all typed. Cheap, and true for nearly all."""
        return not (
            text[:OPENING].casefold() in self._openings
            or text[-1:] in ("", ">", ")", "\n")
            or MARK in text
            or text[0] == "<"
            or "https://" in text
            or "\u2068" in text
            or ("\n" in text and text[text.index("\n") - 1] in (">", ")"))
            or text.isspace()
        )

    def _read(self, text: str) -> tuple[str, str]:
        text = self._unedited(_MENTION.sub(r"@\1", text))
        marked = text.startswith(MARK)
        bare = MARKS.sub("", text)
        if len(text) <= LONGEST:
            whole = _plain(text)
            if kind := self._kinds.get(whole):
                return kind, bare
            if self._is_call(whole, marked):
                return CALL, bare
        if _PLACE.fullmatch(bare):
            return SHARE, bare
        if _POLL.fullmatch(text.lstrip(MARK)):
            return MEDIA, bare
        caption = self._caption(text)
        if caption is not None:
            caption = caption.strip(f"{MARK} \n")
            return (TEXT, caption) if caption and not _FILE.fullmatch(caption) else (MEDIA, "")
        if marked or _plain(text[:LONGEST]).startswith(self._system):
            return SYSTEM, bare
        return (EMPTY if not text or text.isspace() else TEXT), text

    def _unedited(self, text: str) -> str:
        """A message without the remark that it was changed."""
        before, inner = _enclosed(text)
        if not inner or self._is_file(inner):
            return text
        if _plain(inner) in self._edited or (before.endswith(MARK) and len(before) > 1):
            return before.rstrip(f"{MARK} ")
        return text

    def _is_call(self, whole: str, marked: bool) -> bool:
        found = self._call.fullmatch(whole)
        return found is not None and (marked or found[1][0].isdecimal() or found[1] in self._tails)

    def _is_file(self, inner: str) -> bool:
        word, colon, _ = inner.partition(":")
        return bool(colon) and (_plain(word) in self._attached or bool(_NUMBERED.fullmatch(inner)))

    def _caption(self, text: str) -> str | None:
        """What stands beside an attachment; None where there is none."""
        before, inner = _enclosed(text)
        if self._is_file(inner):
            return before
        if (line := _SENT.match(text)) and (_plain(line[2]) in self._attached or _CAMERA.fullmatch(line[1])):
            return text[line.end() :]
        if (line := _OMITTED.match(text)) and (_plain(line[1]) in self._omitted or _WORDS.fullmatch(line[1])):
            return text[line.end() :]
        before, mark, last = text.rpartition(MARK)
        return before if mark and len(last) <= LONGEST and _plain(last) in self._omitted else None


@cache
def notices() -> Notices:
    """The one table, read at the first call."""
    return Notices()


def _enclosed(text: str) -> tuple[str, str]:
    """What is before, and what is in, the angle brackets at the end of a text; nothing in them where there are none."""
    start = text.rfind("<")
    if (
        start < 0
        or text[-1] != ">"
        or len(text) - start > LONGEST
        or text[max(start - 1, 0)] not in ("<", " ", "\n", MARK)
    ):
        return text, ""
    inner = text[start + 1 : -1]
    return (text, "") if "\n" in inner or ">" in inner else (text[:start], inner)


def _plain(text: str) -> str:
    """Text for comparing: without marks, case, and a full stop at the end."""
    return MARKS.sub("", text).translate(_PLAIN).strip().rstrip(".").casefold()
