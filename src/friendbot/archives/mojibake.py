"""Undo what Facebook's JSON does to text: each UTF-8 byte of a string is written as one character."""

import re
from contextlib import suppress

_SURROGATE = re.compile("[\ud800-\udfff]")


def repair(text: str) -> str:
    """Return `text` with its bytes read as UTF-8 again, as each string of a Facebook or Instagram JSON needs.

    A string that cannot be such bytes (a character above U+00FF, or not UTF-8) comes back as it is: it was
    repaired before, or written by hand. Half surrogates, which no file can hold, become U+FFFD.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeEncodeError:
        return whole(text)
    except UnicodeDecodeError:
        with suppress(UnicodeDecodeError):
            text = text.encode("latin-1").decode("utf-8", "surrogatepass")
        return whole(text)


def whole(text: str) -> str:
    """Return `text` with surrogate pairs joined and half ones replaced by U+FFFD, so that it encodes as UTF-8."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
