"""Whose archive it is."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from friendbot.errors import ArchiveError

SHOWN = 6
"""Names listed in an error."""


def choose(given: str | None, stated: str | None, threads: Sequence[Iterable[str]]) -> str:
    """Return the owner's name as the archive spells it.

    `given` is what the person said, `stated` what the archive says of itself, `threads` the participants of
    each thread. Without either, it is the one name that is in every thread of several. Raises ArchiveError
    with the candidates where that is nobody or more than one, or where `given` is in no thread. Where the
    archive names nobody at all, it is whoever was given or stated, or an empty string.
    """
    people = [set(thread) for thread in threads]
    counts = Counter(name for thread in people for name in thread)
    if given and counts:
        spelled = {_same(name): name for name in sorted(counts)}
        if _same(given) not in spelled:
            raise ArchiveError(f"parse.owner '{given}' is in no chat of the archive: {_candidates(counts)}")
        return spelled[_same(given)]
    if not counts:
        return given or stated or ""
    if stated and stated in counts:
        return stated
    # People are missing from a group that they left, so two-party threads are the better witnesses.
    pairs = [thread for thread in people if len(thread) <= 2 and thread]
    witnesses = pairs if len(pairs) > 1 else [thread for thread in people if thread]
    everywhere = set.intersection(*witnesses) if len(witnesses) > 1 else set()
    if len(everywhere) != 1:
        claim = f"says it is of '{stated}', who is in no chat" if stated else "does not say whose it is"
        raise ArchiveError(f"the archive {claim}: set parse.owner to your name in it; {_candidates(counts)}")
    return everywhere.pop()


def _same(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _candidates(counts: Counter[str]) -> str:
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return f"candidates: {', '.join(repr(name) for name in ranked[:SHOWN])}{more}"
