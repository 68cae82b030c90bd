"""What can be counted in a person's messages: lengths, capitals, marks, emoji, words, and how often each kind comes."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

from friendbot.dialogue import FRIEND, Line
from friendbot.portraits import EMOJI, script
from friendbot.vocabulary import normalise

FUNCTION_WORDS = 50
"""The friend's commonest words; they tell authors apart whatever these write about (Mosteller and Wallace 1963)."""
COMMON = 10
"""First and last words whose share is shown."""
RUN = 3
"""Equal marks or letters in a row from which on more make no difference."""

Burst = list[str]
"""The messages of one turn."""
Count = Callable[[Burst], Mapping[Any, float]]
"""How often each value comes in a turn. What has several kinds at once is shared out over them."""


NEW_WORDS = "new words"
"""The habit of using words that the training text lacks."""


@dataclass(frozen=True)
class Habit:
    """Something counted."""

    name: str
    unit: str
    """Of the mean that is shown."""
    count: Count
    shown: Callable[[Any], bool] | None = None
    """Of which kinds the share is shown; None: the values are numbers, and their mean is."""
    count_known: Count | None = None
    """In place of `count` for turns of the training part."""


def bursts(lines: Sequence[Line], speaker: str) -> list[Burst]:
    """A speaker's turns that answer the other person within a session, oldest first; text as the bot could write it."""
    turns = [
        (session, who, [clean(line.text) for line in turn])
        for (session, who), turn in groupby(lines, key=lambda line: (line.session, line.speaker))
    ]
    return [texts for (before, _, _), (session, who, texts) in pairwise(turns) if who == speaker and before == session]


def clean(text: str) -> str:
    """Text as the bot could write it: normalised, without space at its ends."""
    return normalise(text).strip()


def habits(train: Sequence[Line], earlier: Sequence[Burst]) -> list[Habit]:
    """What is counted of a friend.

    Args:
        train: the training part. Words that are not in it are new.
        earlier: turns of the friend in the training part. Words that are nowhere else in it are new in these turns.
    """
    known = Counter(word for line in train for word in words(line.text))
    known_without = known - Counter(word for burst in earlier for text in burst for word in words(text))
    theirs = (word for line in train if line.speaker == FRIEND for word in words(line.text))
    function = _commonest(theirs, FUNCTION_WORDS)
    first, last = (_commonest((_piece(burst, place) for burst in earlier), COMMON) for place in (0, -1))
    main = _commonest((name for burst in earlier for name in _scripts("".join(burst))), 1)
    function_word = _of_words(lambda word: word if word in function else "")
    new_word = _of_words(lambda word: bool(word) and word not in known)
    new_word_earlier = _of_words(lambda word: bool(word) and word not in known_without)
    return [
        Habit("message length", "characters", _of_messages(lambda text: [len(text)])),
        Habit("turn length", "messages", lambda burst: Counter([len(burst)])),
        Habit("capitals", "share of a message's letters", _of_messages(_capitals)),
        Habit("case", "share of messages in lower case", _of_messages(_case), lambda kind: kind == "lower"),
        Habit("punctuation", "share of messages with a mark", _of_messages(_marks), bool),
        Habit("last character", "share of messages that end with a mark", _of_messages(_last_mark), bool),
        Habit("emoji", "share of messages with one", _of_messages(_emoji), bool),
        Habit("elongations", "share of messages with one", _of_messages(_elongations), bool),
        Habit("first word", f"share of turns with one of {COMMON}", _at(0), first.__contains__),
        Habit("last word", f"share of turns with one of {COMMON}", _at(-1), last.__contains__),
        Habit("function words", f"share of words among {FUNCTION_WORDS}", function_word, bool),
        Habit(NEW_WORDS, "share of words", new_word, bool, new_word_earlier),
        Habit("script", "share of messages in the commonest", _of_messages(_scripts), main.__contains__),
    ]


def words(text: str) -> list[str]:
    """Words with a letter, casefolded, without marks around them; of a letter that is drawn out, `RUN` are left."""
    return [word for piece in text.split() if (word := _word(piece))]


@lru_cache(maxsize=1 << 16)
def _word(piece: str) -> str:
    """A piece between spaces as a word; empty if it holds no letter."""
    places = [place for place, character in enumerate(piece) if unicodedata.category(character)[0] in "LMN"]
    if not any(map(str.isalpha, piece)):
        return ""
    return _SAME.sub(r"\1" * RUN, piece[places[0] : places[-1] + 1].casefold())


def _commonest(items: Iterable[str], count: int) -> set[str]:
    return {item for item, _ in Counter(items).most_common(count)}


def _of_messages(kinds: Callable[[str], Iterable[Any]]) -> Count:
    """Count the messages of a turn, each shared out over its kinds; a turn without messages has one without text."""

    def count(burst: Burst) -> dict[Any, float]:
        found: defaultdict[Any, float] = defaultdict(float)
        for text in burst or [""]:
            several = set(kinds(text)) or {""}
            for kind in several:
                found[kind] += 1 / len(several)
        return found

    return count


def _of_words(kind: Callable[[str], Any]) -> Count:
    """Count the words of a turn by kind; a turn without words has one that is empty."""

    def count(burst: Burst) -> Mapping[Any, float]:
        return Counter(kind(word) for word in [word for text in burst for word in words(text)] or [""])

    return count


def _at(place: int) -> Count:
    """The word at a place of a turn, or what stands there instead."""
    return lambda burst: {_piece(burst, place): 1.0}


def _piece(burst: Burst, place: int) -> str:
    piece = (" ".join(burst).split() or [""])[place]
    return _word(piece) or piece


def _capitals(text: str) -> list[float]:
    letters = [character for character in text if character.isalpha()]
    return [sum(map(str.isupper, letters)) / max(1, len(letters))]


def _case(text: str) -> list[str]:
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return ["no letters"]
    if text.islower():
        return ["lower"]
    if text.isupper() and len(letters) > 1:
        return ["upper"]
    return ["first upper" if letters[0].isupper() else "mixed"]


@lru_cache(maxsize=1 << 16)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS" and not _EMOJI.match(character)


def _marks(text: str) -> list[str]:
    """Marks with nothing between them are one: "...", "?!", ":)"."""
    runs = ("".join(run) for mark, run in groupby(text, key=_is_mark) if mark)
    return [_SAME.sub(r"\1" * RUN, run) for run in runs]


def _last_mark(text: str) -> list[str]:
    if _EMOJI.match(text[-1:]):
        return ["emoji"]
    return _marks(text)[-1:] if text and _is_mark(text[-1]) else []


def _emoji(text: str) -> list[str]:
    """Emoji without their skin tones."""
    return [emoji for emoji in _EMOJI.findall(text) if emoji not in _MODIFIERS]


def _elongations(text: str) -> list[bool]:
    return [bool(_ELONGATED.search(text.casefold()))]


def _scripts(text: str) -> list[str]:
    return [name for name in map(script, text) if name]


_EMOJI = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in EMOJI) + "]")
_MODIFIERS = {"\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))}
_ELONGATED = re.compile(rf"([^\W\d_])\1{{{RUN - 1}}}")
_SAME = re.compile(rf"(.)\1{{{RUN - 1},}}", re.DOTALL)
