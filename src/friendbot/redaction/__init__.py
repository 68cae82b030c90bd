"""What identifies or can be stolen, out of the text before anything is learned: typed placeholders in its place.

Six kinds are found: e-mail addresses, phone numbers, payment cards, bank accounts, street addresses and links. Names
are replaced only as told. In doubt, what looks like one of them is replaced. Patterns cannot find all: a secret told in
words ("my pin is the year you were born") stays, and so does a place without a number.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import phonenumbers

from friendbot.errors import FriendbotError, ParamsError
from friendbot.redaction import addresses, identifiers
from friendbot.redaction.phones import Phones

KINDS = ("email", "phone", "card", "iban", "address", "link")
NAME = "name"
"""What a replaced name counts as."""

PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")


class RedactionError(FriendbotError):
    """A detector failed, so the text cannot be called clean."""


class Finding(NamedTuple):
    """A place in a text, in characters."""

    kind: str
    """One of `KINDS`."""
    start: int
    end: int


class Redaction(NamedTuple):
    """A text without what was found, and how often each kind was."""

    text: str
    counts: Counter[str]
    """By kind, `NAME` included; a kind that was not found is missing."""


class Redactor:
    """Finds and replaces. The same text always becomes the same, and a redacted one stays as it is."""

    def __init__(self, region: str | None = None, pseudonyms: Mapping[str, str] = {}) -> None:
        """Take the params.

        Args:
            region: ISO code of the country whose national phone numbers are known by their numbering plan. None:
                international numbers, and digits grouped as phone numbers are.
            pseudonyms: stand-in by name. Names are whole words; case and accents do not matter.

        Raises:
            ParamsError: the region is none, or a stand-in shares a word with a name.
        """
        if region is not None and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ParamsError(f"filter.phone_region: {region!r} is not a country's ISO code, such as DE or US; or null")
        self._names = _Names(pseudonyms)
        self._detectors: dict[str, Callable[[str], Iterable[tuple[int, int]]]] = {
            "email": identifiers.emails,
            "link": identifiers.links,
            "iban": identifiers.ibans,
            "card": identifiers.cards,
            "address": addresses.addresses,
            "phone": Phones(region.upper() if region else None),  # last: of equals, the first names the finding
        }

    def find(self, text: str) -> list[Finding]:
        """Everything of `KINDS` in a text, in order; what overlaps is one finding, of its longest part's kind.

        Placeholders in the text are skipped, and nothing reaches across one.

        Raises:
            RedactionError: a detector failed.
        """
        found: list[Finding] = []
        start = 0
        for placeholder in PLACEHOLDER.finditer(text):
            found += self._find(text[start : placeholder.start()], start)
            start = placeholder.end()
        return found + self._find(text[start:], start)

    def redact(self, text: str) -> Redaction:
        """Replace names and whatever `find` finds, until nothing is left to find.

        Raises:
            RedactionError: a detector failed.
        """
        counts: Counter[str] = Counter()
        while True:
            found = self.find(text)
            counts.update(finding.kind for finding in found)
            parts, end = [], 0
            for finding in found:
                parts += [text[end : finding.start], f"[{finding.kind}]"]
                end = finding.end
            text, names = self._names.replace("".join([*parts, text[end:]]))
            if not names and not found:
                return Redaction(text, counts)
            if names:
                counts[NAME] += names

    def _find(self, text: str, offset: int) -> list[Finding]:
        spans = []
        for kind, detect in self._detectors.items():
            try:
                spans += [Finding(kind, start, end) for start, end in detect(text)]
            except Exception as error:
                # The text must not show, neither in the message nor in a traceback.
                raise RedactionError(
                    f"the detector of {kind} failed with {type(error).__name__}, so nothing was written; "
                    "report it, or set filter.redact to false to learn from unredacted text"
                ) from None
        merged: list[list[Finding]] = []
        end = 0
        for span in sorted(spans, key=lambda span: span.start):
            if merged and span.start < end:
                merged[-1].append(span)
            else:
                merged.append([span])
            end = max(end, span.end)
        return [
            Finding(
                max(group, key=lambda span: span.end - span.start).kind,
                group[0].start + offset,
                max(span.end for span in group) + offset,
            )
            for group in merged
        ]


class _Names:
    """Whole words replaced by stand-ins, the longest name first, in the case of what stood there."""

    def __init__(self, pseudonyms: Mapping[str, str]) -> None:
        self.stand_ins = {" ".join(_fold(name)[0].split()): stand_in for name, stand_in in pseudonyms.items()}
        words = {word for name in self.stand_ins for word in re.findall(r"\w+", name)}
        for name, stand_in in pseudonyms.items():
            if not re.search(r"\w", name):
                raise ParamsError(f"filter.pseudonyms: {name!r} is not a name")
            if shared := words.intersection(re.findall(r"\w+", _fold(stand_in)[0])):
                raise ParamsError(f"filter.pseudonyms: {min(shared)!r} is also part of a name; choose another stand-in")
        longest_first = sorted(self.stand_ins, key=len, reverse=True)
        either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
        self.pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)")

    def replace(self, text: str) -> tuple[str, int]:
        """The text with stand-ins, and how many; placeholders stay."""
        if not self.stand_ins:
            return text, 0
        shielded = PLACEHOLDER.sub(lambda match: "\0" * len(match.group()), text)
        folded, places = _fold(shielded)
        parts, end, count = [], 0, 0
        for match in self.pattern.finditer(folded):
            start, stop = places[match.start()], places[match.end()]
            old, new = text[start:stop], self.stand_ins[" ".join(match.group().split())]
            if old.islower():
                new = new.lower()
            elif old.isupper() and len(old) > 1:
                new = new.upper()
            parts += [text[end:start], new]
            end, count = stop, count + 1
        return "".join([*parts, text[end:]]), count


def _fold(text: str) -> tuple[str, list[int]]:
    """The text without case and accents, and where in the original each of its characters (and its end) lies."""
    letters, places = [], []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFD", letter.casefold()):
            if not unicodedata.combining(part):
                letters.append(part)
                places.append(place)
    return "".join(letters), [*places, len(text)]
