"""The list of people that heads a thread: 'Participants: Ann, Bob and Carl', in the account's language."""

import re
from collections.abc import Iterable

_LAST = (
    "& a ac agus and at dan dhe e ed eli en es et eta és i in ir iyo ja kaj kap mit na og och oraz sekä sy ta tai "
    "u un und va ve và y és și şi və й и і та да және και եւ და और एवं আর এবং અને ਅਤੇ మరియు மற்றும் ಮತ್ತು "
    "และ ແລະ နှင့် និង 및 와 과 和 与 及 以及 と"
)
LAST = frozenset(_LAST.split())
"""What stands before the last name of a list, in one language or another."""

_LABEL = re.compile(r"[^:：]*[:：]\s*")
_COMMA = re.compile(r"[,،;]\s+|\s*、\s*")
_WORD = re.compile(r"\s+(?P<word>\S+)(?=\s+\S)")
# In Arabic and Hebrew it is the first letter of the name, in Chinese and Japanese there is no space around it.
_JOINED = re.compile(r"\s+[وו](?=\S)|(?:和|与|及|と)")
_HELD = re.compile(r"\0(\d+)\0")


def names(text: str, known: Iterable[str]) -> list[str]:
    """Names of a line, from its first colon on.

    `known` are names that are kept whole where they occur, whatever commas or 'and' are in them.
    """
    text = _LABEL.sub("", text, count=1).strip()
    held = sorted({name for name in known if name.strip()}, key=lambda name: (-len(name), name))
    if held:
        whole = "|".join(map(re.escape, held))
        # Held as numbers, for what follows to find no separator in them.
        spots = re.compile(rf"(?:(?<!\S)|(?<=[、وו和与及と]))(?:{whole})(?=$|\s|[,،;、和与及と])")
        text = spots.sub(lambda match: f"\0{held.index(match[0])}\0", text)
    pieces = _COMMA.split(text)
    pieces[-1:] = _parted(pieces[-1], first=len(pieces) == 1)
    found = (_HELD.sub(lambda match: held[int(match[1])], piece).strip() for piece in pieces)
    return list(dict.fromkeys(name for name in found if name))


def _parted(piece: str, *, first: bool) -> list[str]:
    """What is left of a list behind its last comma: one name or two."""
    begun = re.match(r"(\S+)\s+(?=\S)", piece)
    if begun and not first and begun[1] in LAST:
        return [piece[begun.end() :]]  # 'Ann, Bob, and Carl'
    words = [match for match in _WORD.finditer(piece) if match["word"].islower() or match["word"] in LAST]
    splits = [(match.start(), match.end(), match["word"] in LAST) for match in words]
    splits += [(match.start(), match.end(), False) for match in _JOINED.finditer(piece)]
    parted = [(piece[:start].strip(), piece[end:].strip(), sure) for start, end, sure in splits]
    # A name that is known is the best witness of what is none; then the word, of which the last one joins two names.
    for one, other, _ in parted:
        if _HELD.fullmatch(one) or _HELD.fullmatch(other):
            return [one, other]
    return next(([one, other] for one, other, sure in reversed(parted) if sure and one and other), [piece])
