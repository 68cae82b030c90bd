"""Text as words and numbers that can be compared, in any script."""

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# The marks of many scripts are no \w, so a word is what is nothing else. Facebook's Leet Speak has words with '!'.
_WORD = r"[^\s\d\"-/:-@\[-`{-~\u00a1-\u00bf\u060c\u061b\u1361-\u1368\u2000-\u206f\u3000-\u3004\u3008-\u3020]+"
_TOKEN = re.compile(rf"\d+|{_WORD}")
_FIRST = re.compile(_WORD)
_LAST = re.compile(rf"{_WORD}$")


def clean(text: str) -> str:
    """Text without invisible characters, with plain spaces and the plain variants of other characters."""
    return text if text.isascii() else unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def split(text: str) -> list[str]:
    """The words, in lower case, and the numbers, in ASCII digits, of `clean` text."""
    return [_ascii(token) if token.isdecimal() else token for token in _TOKEN.findall(text.casefold())]


def key(token: str) -> str:
    """A word or number of `split` as it is in a `phrase`."""
    return token.lstrip("0") or "0" if token.isdecimal() else token


@lru_cache(maxsize=1 << 15)
def phrase(name: str) -> str:
    """Words and numbers, without leading zeros, with a space between each."""
    return " ".join(key(token) for token in split(clean(name)))


def ending(text: str) -> str:
    """The letters at the end of a text."""
    found = _LAST.search(text)
    return found[0] if found else ""


def beginning(text: str) -> str:
    """The letters at the start of a text."""
    found = _FIRST.match(text)
    return found[0] if found else ""


def _ascii(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)
