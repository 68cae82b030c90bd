"""Text to token ids and back: characters, with UTF-8 bytes for the rare ones, so that nothing is out of vocabulary."""

import codecs
import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from friendbot.errors import ModelError

ME, FRIEND, GAP = SPECIALS = ("<me>", "<friend>", "<gap>")
"""A message is its speaker's special followed by its text; `<gap>` opens a new session."""

FORMAT = 1
_BYTES_START = len(SPECIALS)
_CHARACTERS_START = _BYTES_START + 256
_LEAST_OCCURRENCES = 2
"""A character seen once is spelt as bytes, so that the byte tokens are learned at all."""


def normalise(text: str) -> str:
    """Text as the model sees it: NFC, so that one visible letter has one spelling. Lone surrogates become U+FFFD."""
    return unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


class Vocabulary:
    """Ids `0..2` are the specials, the next 256 the bytes, the rest one character each, most frequent first."""

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self.me, self.friend, self.gap = range(len(SPECIALS))
        self._ids = {character: id for id, character in enumerate(characters, _CHARACTERS_START)}

    @classmethod
    def build(cls, texts: Iterable[str], size: int) -> "Vocabulary":
        """The `size` most useful tokens for `texts`: characters that occur twice or more, ties by code point."""
        counts = Counter(character for text in texts for character in normalise(text))
        often = [item for item in counts.items() if item[1] >= _LEAST_OCCURRENCES]
        often.sort(key=lambda item: (-item[1], item[0]))
        return cls("".join(character for character, _ in often[: size - _CHARACTERS_START]))

    def __len__(self) -> int:
        return _CHARACTERS_START + len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without specials: what looks like a special in it is spelt out."""
        ids: list[int] = []
        for character in normalise(text):
            id = self._ids.get(character)
            if id is None:
                ids.extend(_BYTES_START + byte for byte in character.encode("utf-8"))
            else:
                ids.append(id)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, specials left out; bytes that are not UTF-8 become U+FFFD."""
        return b"".join(self.bytes_of(id) for id in ids).decode("utf-8", "replace")

    def bytes_of(self, id: int) -> bytes:
        """UTF-8 bytes that a token stands for; none for a special."""
        if id >= _CHARACTERS_START:
            return self.characters[id - _CHARACTERS_START].encode("utf-8")
        return bytes([id - _BYTES_START]) if id >= _BYTES_START else b""

    def may_follow(self, pending: bytes) -> list[int]:
        """Ids that keep the text valid UTF-8 after `pending`, the bytes of a character begun but not ended."""
        nexts = [_BYTES_START + byte for byte in _next_bytes(pending)]
        if pending:
            return nexts
        return [*range(len(SPECIALS)), *nexts, *range(_CHARACTERS_START, len(self))]

    def pending(self, ids: Sequence[int]) -> bytes:
        """The bytes of a character that `ids` begin at their end but do not complete."""
        tail = b"".join(self.bytes_of(id) for id in ids[-3:])
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        decoder.decode(tail)
        return decoder.getstate()[0]

    def digest(self) -> str:
        """SHA-256 of what decides the meaning of an id."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """As kept in `vocabulary.json`."""
        return json.dumps({"format": FORMAT, "tokenizer": "char", "characters": self.characters}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Read what `to_json` wrote.

        Raises:
            ModelError: it is something else, or of a newer format.
        """
        try:
            data = json.loads(text)
            version, characters = data["format"], data["characters"]
        except (ValueError, KeyError, TypeError):
            raise ModelError(
                "vocabulary.json is damaged; restore the model with `dvc checkout` or train again"
            ) from None
        if version != FORMAT:
            raise ModelError(f"vocabulary.json has format {version}, this friendbot reads {FORMAT}; update friendbot")
        return cls(characters)


@cache
def _next_bytes(pending: bytes) -> tuple[int, ...]:
    """Bytes that may come after `pending` in UTF-8."""
    return tuple(byte for byte in range(256) if _begins_utf8(pending + bytes([byte])))


@cache
def _begins_utf8(start: bytes) -> bool:
    """Whether some text's UTF-8 begins so, or is that: Python's decoder alone lets halves of surrogates begin."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        decoder.decode(start)
    except UnicodeDecodeError:
        return False
    return not decoder.getstate()[0] or any(_begins_utf8(start + bytes([byte])) for byte in range(0x80, 0xC0))
