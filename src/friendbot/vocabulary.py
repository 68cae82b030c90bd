"""Text to token ids and back. Below every token lie UTF-8 bytes, so that nothing is out of vocabulary."""

import codecs
import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from friendbot.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ME, FRIEND, GAP = SPECIALS = ("<me>", "<friend>", "<gap>")
"""A message is its speaker's special followed by its text; `<gap>` opens a new session."""

CHAR, BPE = TOKENIZERS = ("char", "bpe")
FORMAT = 1
_BYTES = len(SPECIALS)
"""Id of the byte 0."""
_PIECES = _BYTES + 256
"""Id of the first piece that is longer than a byte or, for characters, more than one use of bytes."""
_LEAST_OCCURRENCES = 2
"""What is seen once is spelt as bytes, so that the byte tokens are learned at all."""


def normalise(text: str) -> str:
    """Text as the model sees it: NFC, so that one visible letter has one spelling. Lone surrogates become U+FFFD."""
    return unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


class Vocabulary:
    """Ids `0..2` are the specials, the next 256 the bytes, the rest pieces: characters, or byte-level BPE's merges."""

    def __init__(self, tokenizer: str, pieces: Sequence[Any]) -> None:
        """A vocabulary from what `to_json` keeps.

        Args:
            tokenizer: one of `TOKENIZERS`.
            pieces: for `char`, characters; for `bpe`, pairs of parts to merge, in order, bytes written as GPT-2 does.
        """
        self.tokenizer = tokenizer
        self.pieces = list(pieces)
        self.me, self.friend, self.gap = range(len(SPECIALS))
        texts = [piece.encode("utf-8") for piece in pieces] if tokenizer == CHAR else [_bytes(a + b) for a, b in pieces]
        self._bytes = [b""] * len(SPECIALS) + [bytes([byte]) for byte in range(256)] + texts
        self._ids = {piece: id for id, piece in enumerate(self.pieces, _PIECES)} if tokenizer == CHAR else {}
        self._may_follow: dict[bytes, np.ndarray] = {}

    @classmethod
    def build(cls, texts: Iterable[str], tokenizer: str, size: int) -> "Vocabulary":
        """At most `size` tokens that spell `texts` best; the same texts give the same tokens."""
        normal = (normalise(text) for text in texts)
        room = size - _PIECES
        return cls(tokenizer, _characters(normal, room) if tokenizer == CHAR else _merges(normal, room))

    def __len__(self) -> int:
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without specials: what looks like a special in it is spelt out."""
        if self.tokenizer == BPE:
            return [id + _BYTES for id in self._bpe.encode(normalise(text)).ids]
        ids: list[int] = []
        for character in normalise(text):
            id = self._ids.get(character)
            if id is None:
                ids.extend(_BYTES + byte for byte in character.encode("utf-8"))
            else:
                ids.append(id)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, specials left out; bytes that are not UTF-8 become U+FFFD."""
        return b"".join(self._bytes[id] for id in ids).decode("utf-8", "replace")

    def bytes_of(self, id: int) -> bytes:
        """UTF-8 bytes that a token stands for; none for a special. They may begin or end inside a character."""
        return self._bytes[id]

    def pending(self, ids: Sequence[int]) -> bytes:
        """The bytes of a character that `ids` begin at their end but do not complete."""
        tail = b"".join(self._bytes[id] for id in ids[-3:])
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        decoder.decode(tail)
        return decoder.getstate()[0]

    def may_follow(self, pending: bytes) -> np.ndarray:
        """Ids, int64, that keep the text valid UTF-8 after `pending`, the bytes of a character begun but not ended."""
        if pending not in self._may_follow:
            # A special ends a message, so it may only follow a whole character.
            fitting = [id for id, own in enumerate(self._bytes) if (own or not pending) and _begins_utf8(pending + own)]
            self._may_follow[pending] = np.array(fitting)
        return self._may_follow[pending]

    @cached_property
    def parts(self) -> np.ndarray:
        """Ids of the two tokens that BPE merged each token from, int32 `(len(self), 2)`; -1 where there are none."""
        parts = np.full((len(self), 2), -1, np.int32)
        if self.tokenizer == BPE:
            ids = {letter: id for id, letter in enumerate(_ALPHABET, _BYTES)}
            for id, (first, second) in enumerate(self.pieces, _PIECES):
                parts[id] = ids[first], ids[second]
                ids.setdefault(first + second, id)
        return parts

    def digest(self) -> str:
        """SHA-256 of what decides the meaning of an id."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """As kept in `vocabulary.json`."""
        return json.dumps({"format": FORMAT, "tokenizer": self.tokenizer, "pieces": self.pieces}) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Read what `to_json` wrote.

        Raises:
            ModelError: it is something else, or of a newer format.
        """
        try:
            data = json.loads(text)
            kind = f"format {data['format']}, tokenizer {data.get('tokenizer')}"
            if data["format"] == FORMAT and data.get("tokenizer") in TOKENIZERS:
                return cls(data["tokenizer"], data["pieces"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ModelError(
                "vocabulary.json is damaged; restore the model with `dvc checkout` or train again"
            ) from None
        raise ModelError(f"vocabulary.json has {kind}, which this friendbot does not read; update friendbot")

    @cached_property
    def _bpe(self) -> "Tokenizer":
        return _tokenizer(self.pieces)


def _characters(texts: Iterable[str], room: int) -> list[str]:
    """The most frequent characters, ties by code point."""
    counts = Counter(character for text in texts for character in text)
    often = [item for item in counts.items() if item[1] >= _LEAST_OCCURRENCES]
    often.sort(key=lambda item: (-item[1], item[0]))
    return [character for character, _ in often[:room]]


def _merges(texts: Iterable[str], room: int) -> list[tuple[str, str]]:
    """The merges of byte-level BPE (Sennrich et al. 2016; bytes as in GPT-2), the most frequent pair first."""
    from tokenizers import trainers

    tokenizer = _tokenizer([])
    trainer = trainers.BpeTrainer(
        vocab_size=256 + room, min_frequency=_LEAST_OCCURRENCES, initial_alphabet=_ALPHABET, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [(first, second) for first, second in json.loads(tokenizer.to_str())["model"]["merges"]]


def _tokenizer(merges: Sequence[tuple[str, str]]) -> "Tokenizer":
    """Byte-level BPE whose ids are ours less the specials: bytes in order, then merges in order."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    parts = [*_ALPHABET, *(first + second for first, second in merges)]
    # Two merges may spell one piece; the first one is what comes out.
    ids = {part: id for id, part in reversed([*enumerate(parts)])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[(first, second) for first, second in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def _gpt2_letters() -> Iterator[str]:
    """For each byte the character that byte-level BPE writes for it: itself where it is printable."""
    spare = iter(range(256, 512))
    for byte in range(256):
        printable = 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF
        yield chr(byte if printable else next(spare))


_ALPHABET = list(_gpt2_letters())
_BYTE_OF = {letter: byte for byte, letter in enumerate(_ALPHABET)}


def _bytes(part: str) -> bytes:
    """Bytes of a part written in byte-level BPE's letters."""
    return bytes(_BYTE_OF[letter] for letter in part)


@cache
def _begins_utf8(start: bytes) -> bool:
    """Whether some text's UTF-8 begins so, or is that: Python's decoder alone lets halves of surrogates begin."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        decoder.decode(start)
    except UnicodeDecodeError:
        return False
    rest = decoder.getstate()[0]
    return not rest or any(_begins_utf8(rest + bytes([byte])) for byte in range(0x80, 0xC0))
