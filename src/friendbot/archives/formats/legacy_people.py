"""Who takes part in a legacy thread, which knows people by nothing but their names."""

import re
from collections.abc import Iterable, Sequence

from friendbot.archives.names import DELETED, folded, nobody

FILLER = re.compile(r"\d+@facebook\.com")
"""What some lists of participants have in place of a name."""


class Keys:
    """What the threads of an archive are known by: their people, or a number where these are deleted accounts."""

    def __init__(self) -> None:
        self._deleted = 0

    def key(self, others: Sequence[str], alone: str | None) -> str:
        """The key of a thread; `others` take part besides the owner, `alone` is who does where nobody else does."""
        if not all(map(nobody, others)):
            return ", ".join(sorted(others))
        if not others and alone:
            return alone
        self._deleted += 1
        return f"{DELETED} #{self._deleted:03d}"


def split(line: str, *known: str | None) -> list[str]:
    """Names of a line of participants; `known` are names to keep whole, since some have a comma in them."""
    commas = sorted({name for name in known if name and ", " in name}, key=lambda name: (-len(name), name))
    name = "|".join([*map(re.escape, commas), ".+?"])
    return re.findall(rf"({name})(?:, |$)", line)


def others(people: Iterable[str], owner: str | None) -> list[str]:
    """Each of some people once, without the owner."""
    return [name for name in dict.fromkeys(people) if not owner or folded(name) != folded(owner)]


def named(listed: Sequence[str], strangers: Sequence[str]) -> list[str]:
    """Participants, of which `strangers` sent messages without being listed: as a filler, or since nobody is."""
    fillers = [name for name in listed if FILLER.fullmatch(name)]
    if len(fillers) == len(strangers) == 1:
        return [strangers[0] if name == fillers[0] else name for name in listed]
    return [*(listed or strangers)]
