"""How each person types in each thread: how much a year, how long, with emoji or without, in which scripts."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from friendbot.messages import TEXT

COLUMNS = ["thread_id", "sender", "sent_at", "text"]

LONGEST = 2000
"""Characters from which on lengths are no longer told apart."""

LEAST = 0.05
"""Share of the letters that a script must have to count as written."""

EMOJI = (
    *((0x20E3, 0x20E3), (0x231A, 0x231B), (0x23E9, 0x23FA), (0x2600, 0x27BF), (0x2B1B, 0x2B1C)),
    *((0x2B50, 0x2B55), (0xFE0F, 0xFE0F), (0x1F004, 0x1F004), (0x1F0CF, 0x1F0CF), (0x1F170, 0x1F6FF)),
    *((0x1F7E0, 0x1F7F0), (0x1F900, 0x1FAFF)),
)
"""Code points, first to last, that make a message one with an emoji."""


@dataclass
class Portrait:
    """One person in one thread, by what was typed."""

    years: Counter[int] = field(default_factory=Counter)
    """Messages by year, UTC."""
    lengths: Counter[int] = field(default_factory=Counter)
    """Messages by length in characters, at most `LONGEST`."""
    with_emoji: int = 0
    """Messages that hold an emoji."""
    letters: Counter[str] = field(default_factory=Counter)
    """Letters by script."""

    def length(self, share: float = 0.5) -> int:
        """The length that so large a share of the messages does not exceed; half: the median. 0 without messages."""
        left = share * self.lengths.total()
        for length in sorted(self.lengths):
            left -= self.lengths[length]
            if left <= 0:
                return length
        return 0

    def emoji(self) -> float:
        """Share of the messages that hold an emoji."""
        return self.with_emoji / max(1, self.lengths.total())

    def scripts(self) -> dict[str, float]:
        """Scripts that make up `LEAST` of the letters or more, with their share, the commonest first."""
        shares = {script: count / self.letters.total() for script, count in self.letters.most_common()}
        return {script: share for script, share in shares.items() if share >= LEAST}


class Portraits:
    """Portraits of everyone in an archive, drawn while its messages pass. What was typed is not kept."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str], int] = {}
        self._lengths, self._years, self._emoji, self._letters = _Tally(), _Tally(), _Tally(), _Tally()

    def watching(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same record batches of `messages.SCHEMA`, looked at on their way."""
        for batch in batches:
            self._add(batch.select(COLUMNS).filter(pc.equal(batch["kind"], TEXT)))
            yield batch

    def all(self) -> dict[tuple[str, str], Portrait]:
        """Everyone who typed something, by (thread id, sender)."""
        names = list(self._people)
        found: defaultdict[tuple[str, str], Portrait] = defaultdict(Portrait)
        for person, length, count in self._lengths:
            found[names[person]].lengths[length] = count
        for person, year, count in self._years:
            found[names[person]].years[year] = count
        for person, _, count in self._emoji:
            found[names[person]].with_emoji = count
        for person, script, count in self._letters:
            found[names[person]].letters[_scripts.names[script]] = count
        return dict(found)

    def _add(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        people, text = self._coded(batch), batch["text"]
        lengths = pc.utf8_length(text).to_numpy()
        self._lengths.add(people, np.minimum(lengths, LONGEST))
        years = batch["sent_at"].to_numpy().astype("datetime64[ms]").astype("datetime64[Y]").astype(np.int64) + 1970
        self._years.add(people, years)
        plain = lengths == pc.binary_length(text).to_numpy()
        starts, data = _bytes(text.filter(pa.array(plain)))
        letters = _within((data | 0x20) - ord("a") < 26, starts)  # below "a", bytes wrap around
        self._letters.add(people[plain], np.full(len(letters), _scripts.latin), letters)
        if not plain.all():
            self._add_rich(people[~plain], lengths[~plain], text.filter(pa.array(~plain)))

    def _add_rich(self, people: np.ndarray, lengths: np.ndarray, text: pa.Array) -> None:
        """Texts beyond ASCII."""
        _, data = _bytes(text)
        points = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), np.uint32)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        emoji = _within(_EMOJI[points], starts) > 0
        self._emoji.add(people[emoji], np.zeros(int(emoji.sum()), np.int64))
        scripts = _scripts.of(points)
        written = scripts != _Scripts.NONE
        self._letters.add(np.repeat(people, lengths)[written], scripts[written])

    def _coded(self, batch: pa.RecordBatch) -> np.ndarray:
        """Who typed each message, as a number."""
        threads, senders = batch["thread_id"].dictionary_encode(), batch["sender"].dictionary_encode()
        pairs = threads.indices.to_numpy().astype(np.int64) * len(senders.dictionary) + senders.indices.to_numpy()
        present, which = np.unique(pairs, return_inverse=True)
        ids, names = threads.dictionary.to_pylist(), senders.dictionary.to_pylist()
        people = [(ids[pair // len(names)], names[pair % len(names)]) for pair in present.tolist()]
        return np.array([self._people.setdefault(one, len(self._people)) for one in people])[which]


class _Tally:
    """Counts by (person, value), in arrays: there may be millions."""

    SPAN = 1 << 14
    """More than any value."""
    PENDING = 1 << 20

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self._pending = 0

    def add(self, people: np.ndarray, values: np.ndarray, counts: np.ndarray | None = None) -> None:
        """Count each pair once, or as often as `counts` says."""
        self._parts.append(_summed(people.astype(np.int64) * self.SPAN + values, counts))
        self._pending += len(self._parts[-1][0])
        if self._pending > self.PENDING:
            self._merge()

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """(person, value, count), by person and value."""
        if self._parts:
            self._merge()
            keys, counts = self._parts[0]
            people, values = np.divmod(keys, self.SPAN)
            yield from zip(people.tolist(), values.tolist(), counts.tolist(), strict=True)

    def _merge(self) -> None:
        keys, counts = zip(*self._parts, strict=True)
        self._parts = [_summed(np.concatenate(keys), np.concatenate(counts))]
        self._pending = 0


def _summed(keys: np.ndarray, counts: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Different keys, ascending, and the sum of the counts of each."""
    if counts is None:
        return np.unique(keys, return_counts=True)
    unique, which = np.unique(keys, return_inverse=True)
    sums = np.bincount(which, weights=counts, minlength=len(unique)).astype(np.int64)
    return unique[sums > 0], sums[sums > 0]


def _bytes(text: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where each text begins, and the last one ends, in the bytes of all."""
    _, offsets, data = text.buffers()
    starts = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
    return starts - starts[0], np.frombuffer(data or b"", np.uint8)[starts[0] : starts[-1]]


def _within(flags: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """How many flags are set from each start to the next."""
    sums = np.zeros(len(starts) - 1, np.int64)
    some = starts[1:] > starts[:-1]  # of an empty stretch, `reduceat` returns the flag behind it
    if some.any():
        sums[some] = np.add.reduceat(flags.view(np.uint8), starts[:-1][some], dtype=np.int32)
    return sums


class _Scripts:
    """The script of every code point, looked up when it first occurs."""

    NONE, UNKNOWN = 0, 255

    def __init__(self) -> None:
        self.names = [""]
        self._table = np.full(0x110000, self.UNKNOWN, np.uint8)
        self.latin = self._number("Latin")

    def of(self, points: np.ndarray) -> np.ndarray:
        """A number for the script of each, an index into `names`; `NONE` where it is no letter."""
        scripts = self._table[points]
        new = np.unique(points[scripts == self.UNKNOWN])
        if not len(new):
            return scripts
        self._table[new] = [self._number(script(chr(point))) for point in new.tolist()]
        return self._table[points]

    def _number(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def script(letter: str) -> str:
    """The script a letter belongs to, as far as its name tells; empty where it is no letter of one."""
    if not unicodedata.category(letter).startswith("L"):
        return ""
    words = unicodedata.name(letter, "").split()
    if words and words[0] in ("FULLWIDTH", "HALFWIDTH"):
        words = words[1:]
    if not words or words[0] in ("MODIFIER", "MICRO", "FEMININE", "MASCULINE"):
        return ""
    if words[0] in ("MATHEMATICAL", "SCRIPT", "DOUBLE-STRUCK", "BLACK-LETTER"):
        return "Latin"  # 𝓯𝓪𝓷𝓬𝔂 𝓁𝑒𝓉𝓉𝑒𝓇𝓈
    return "Han" if words[0] in ("CJK", "IDEOGRAPHIC") else words[0].capitalize()


_EMOJI = np.zeros(0x110000, bool)
for _first, _last in EMOJI:
    _EMOJI[_first : _last + 1] = True
_scripts = _Scripts()
