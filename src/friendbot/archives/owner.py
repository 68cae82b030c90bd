"""Whose archive it is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from friendbot.archives.names import folded, nobody
from friendbot.archives.reader import Copy
from friendbot.errors import ArchiveError

SHOWN = 6
"""Names listed in an error."""


class UnknownOwnerError(ArchiveError):
    """Nobody can be told to be the owner."""


def choose(copies: Sequence[Copy], given: str | None, stated: Sequence[str]) -> list[str | None]:
    """Return the owner of each copy, as that copy spells the name; None where only another messenger's can be told.

    `given` is what the person said, `stated` what downloads say of themselves. Of these, a copy's owner is the first
    who takes part in it. Where nobody of them does in any thread of a messenger, it is the one name that is in every
    thread of several; people are called differently in different messengers.

    Raises UnknownOwnerError with the candidates where that is nobody or more than one in every messenger, and
    ArchiveError where `given` is in no thread.
    """
    people = [{folded(name): name for name in copy.participants} for copy in copies]
    spelled = {key: name for names in people[::-1] for key, name in names.items()}
    if not spelled and (given or stated):
        return [given or stated[0]] * len(copies)
    known = [key for key in dict.fromkeys(map(folded, [given, *stated] if given else stated)) if key in spelled]
    if given and folded(given) not in spelled:
        raise ArchiveError(
            f"parse.owner '{given}' is in no chat of the archive: set it to your name there; {_candidates(people)}"
        )
    families: defaultdict[str, list[int]] = defaultdict(list)
    for index, copy in enumerate(copies):
        families[copy.family].append(index)
    usual = {family: _usual([people[index] for index in indices], known) for family, indices in families.items()}
    if copies and not any(usual.values()):
        raise UnknownOwnerError(_question(people, () if known else stated))
    chosen = [
        next((key for key in known if key in names), usual[copy.family])
        for copy, names in zip(copies, people, strict=True)
    ]
    exact = {folded(name): name for name in (*stated[::-1], *([given] if given else []))}
    return [
        # Two people may differ in capitals alone: then the spelling that was said decides.
        (exact[key] if exact.get(key) in copy.participants else names.get(key, spelled[key])) if key else None
        for key, names, copy in zip(chosen, people, copies, strict=True)
    ]


def question(copies: Sequence[Copy]) -> str:
    """What to ask where the owner of some copies cannot be told."""
    more = f" and {len(copies) - 1} more" if len(copies) > 1 else ""
    names = _candidates([{folded(name): name for name in copy.participants} for copy in copies])
    return f"{copies[0].entries[0].path}{more}: it is not said whose it is: set parse.owner to your name in it; {names}"


def _usual(people: Sequence[Mapping[str, str]], known: Sequence[str]) -> str | None:
    """The owner where a thread does not list any of the `known`: a group that the owner left, say."""
    here = Counter(next((key for key in known if key in names), None) for names in people)
    del here[None]
    if here:
        return max(known, key=lambda key: here[key])
    if known and not any(people):
        return known[0]
    # People are missing from a group that they left, so two-party threads are the better witnesses.
    pairs = [names for names in people if len(names) == 2]
    everywhere = {key for key in _shared(pairs if len(pairs) > 1 else [*filter(None, people)]) if not nobody(key)}
    return everywhere.pop() if len(everywhere) == 1 else None


def _shared(threads: Sequence[Iterable[str]]) -> set[str]:
    """Who is in every one of several threads, which are not all of the same people."""
    if len({frozenset(thread) for thread in threads}) < 2:
        return set()
    return set.intersection(*map(set, threads))


def _question(people: Sequence[Mapping[str, str]], stated: Sequence[str]) -> str:
    if not any(people):
        return "the archive names no participants: set parse.owner to your name"
    claim = f"says it is of '{stated[0]}', who is in no chat" if stated else "does not say whose it is"
    return f"the archive {claim}: set parse.owner to your name in it; {_candidates(people)}"


def _candidates(people: Sequence[Mapping[str, str]]) -> str:
    counts = Counter(key for names in people for key in names if not nobody(key))
    spelled = {key: name for names in people for key, name in names.items()}
    ranked = sorted(counts, key=lambda key: (-counts[key], spelled[key]))
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return f"candidates: {', '.join(repr(spelled[key]) for key in ranked[:SHOWN])}{more}"
