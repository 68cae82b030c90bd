"""What people are called: names for comparing, and those that tell nobody apart."""

import unicodedata
from typing import Any

UNKNOWN = "Unknown"
"""Sender of a message whose sender the archive left out."""

DELETED = "Facebook User"
"""What Facebook calls deleted accounts; many different people share it."""

NOBODY = frozenset(
    {"", UNKNOWN.casefold(), DELETED.casefold(), "instagram user", "facebookuser", "instagramuser", "deleted account"}
)
"""Names of people who were left out or deleted, `folded`."""


def folded(name: str) -> str:
    """A name for comparing: composed, without case and doubled spaces. Accents stay: Zoe and Zoë are two people."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def nobody(name: str) -> bool:
    """Whether a name tells nobody apart."""
    return folded(name) in NOBODY


def called(value: Any) -> str:
    """The sender that a file states; `UNKNOWN` where it states none."""
    return value if isinstance(value, str) and value.strip() else UNKNOWN
