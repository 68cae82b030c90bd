"""Which copies are of one thread."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import pyarrow as pa

from friendbot.archives import copies as merging
from friendbot.archives.names import folded, nobody
from friendbot.archives.reader import Copy
from friendbot.archives.sources import is_cut_over

FEW = 5
"""Typed messages of each of two copies, in the time that both cover, that make it odd if they have none in common."""

SHARE = 4
"""One in so many messages in common is no coincidence."""


class Thread(NamedTuple):
    """One thread, as far as it can be told."""

    copies: list[Copy]
    """In the order in which they were found."""
    doubles: list[Copy]
    """Copies of other threads whose messages are in these copies too, as the first downloads mix namesakes."""


def group(
    copies: Sequence[Copy], formats: Sequence[str], load: Callable[[Copy], pa.Table], note: Callable[[str], None]
) -> list[Thread]:
    """Put the copies of each thread together; `formats` says which reader found each.

    Equal identities of a family are one thread. So are copies with messages in common, where they are of the same
    people, or groups of one title, or two exports of one chat, or one was cut over to encryption and the other is what
    followed, under whatever names. A copy that has messages in common with several threads that are not one mixes them:
    only what they lack is a thread.

    Where a format knows only names and there is no such proof, its copy belongs to the one other thread of these
    people (and, in a group, of this title), if there is just one and nothing speaks against it. Two things do: that
    one download holds both, and that both were in use at one time without messages in common. For then they are two
    people of one name; and if they are not, then to split one friend's secret chats from the others does less harm
    than to mix two friends. What stays by itself for such a reason is said through `note`.

    Deleted accounts all have one name, so that says nothing.
    """
    threads = _Threads(copies, formats, load)
    by_identity: dict[tuple[str, str], int] = {}
    for index, copy in enumerate(copies):
        if copy.identity is not None:
            threads.join(by_identity.setdefault((copy.family, copy.identity), index), index)
    named_only = {copy.family for copy in copies if copy.identity is None and len(copy.participants) > 2}
    crowds = [index for index, copy in enumerate(copies) if len(copy.participants) > 2 and copy.family in named_only]
    for indices in _buckets(crowds, threads.title):
        threads.join_proven(indices)
        threads.forget()
    for indices in _buckets(range(len(copies)), threads.deleted):
        if any(copies[index].identity is None for index in indices):
            threads.join_proven(indices)
            threads.forget()
    left: list[int] = []
    for indices in _buckets(range(len(copies)), threads.people):
        threads.join_proven(indices)
        if any(copies[index].identity is None for index in indices):
            crowd = len(copies[indices[0]].participants) > 2
            for same_title in _buckets(indices, threads.title) if crowd else [indices]:
                left += threads.join_by_name(same_title)
        threads.forget()
    for indices in _buckets(range(len(copies)), threads.exported):
        threads.join_proven(indices)
        threads.forget()
    threads.join_cut_over()
    for index in left:
        if not threads.is_certain(index):
            path = copies[index].entries[0].path
            note(
                f"{path} is one of several threads of these names and shares no message with any other: kept by itself"
            )
    for index in threads.mixed:
        note(f"{copies[index].entries[0].path} mixes several threads of these names: only what they lack was taken")
    return threads.groups()


_Label = tuple[str, ...] | None


def _buckets(indices: Iterable[int], label: Callable[[int], _Label]) -> list[list[int]]:
    """Put positions together that have one label; those without one, and those alone with theirs, are left out."""
    found: defaultdict[_Label, list[int]] = defaultdict(list)
    for index in indices:
        found[label(index)].append(index)
    found.pop(None, None)
    return [bucket for bucket in found.values() if len(bucket) > 1]


class _Threads:
    """Copies by their positions, and which are of one thread: disjoint sets."""

    def __init__(self, copies: Sequence[Copy], formats: Sequence[str], load: Callable[[Copy], pa.Table]) -> None:
        self._copies, self._formats, self._load = copies, formats, load
        self._parent = list(range(len(copies)))
        self._tables: dict[int, pa.Table] = {}
        self._agreements: dict[tuple[int, int], merging.Agreement] = {}
        self.mixed: dict[int, set[int]] = {}
        """Copies that have messages of several threads, and the copies of those."""

    def _root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = index = self._parent[self._parent[index]]
        return index

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parent[high] = low

    def groups(self) -> list[Thread]:
        found: defaultdict[int, Thread] = defaultdict(lambda: Thread([], []))
        for index, copy in enumerate(self._copies):
            found[self._root(index)].copies.append(copy)
        for index, near in self.mixed.items():
            thread = found[self._root(index)]
            others = {self._root(other) for other in near} - {self._root(index)}
            thread.doubles.extend(copy for root in sorted(others) for copy in found[root].copies)
        return list(found.values())

    def people(self, index: int) -> _Label:
        """Who takes part; None where names say nothing."""
        copy = self._copies[index]
        names = sorted({folded(name) for name in copy.participants})
        return (copy.family, *names) if names and not any(map(nobody, copy.participants)) else None

    def deleted(self, index: int) -> _Label:
        """Who takes part besides deleted accounts; None where there are none of those."""
        copy = self._copies[index]
        names = sorted({folded(name) for name in copy.participants if not nobody(name)})
        return (copy.family, *names) if any(map(nobody, copy.participants)) else None

    def title(self, index: int) -> _Label:
        """What a group is called; reads the copy where that stands behind its messages."""
        title = folded(self._copies[index].name())
        return (self._copies[index].family, title) if title else None

    def exported(self, index: int) -> _Label:
        """Chats between two that are exported one by one: between two exports, either may be called anew."""
        copy = self._copies[index]
        return (copy.family,) if copy.family == "whatsapp" and len(copy.participants) == 2 else None

    def is_certain(self, index: int) -> bool:
        """Whether a format vouches for the thread of a copy."""
        return any(self._copies[other].identity is not None for other in self._thread(index))

    def _thread(self, index: int) -> list[int]:
        root = self._root(index)
        return [other for other in range(len(self._copies)) if self._root(other) == root]

    def _table(self, index: int) -> pa.Table:
        if index not in self._tables:
            self._tables[index] = self._load(self._copies[index])
        return self._tables[index]

    def forget(self, index: int | None = None) -> None:
        """Let go of the messages that were read, of one copy or of all."""
        for known in [*self._tables] if index is None else [index]:
            self._tables.pop(known, None)

    def _agreement(self, one: int, other: int) -> merging.Agreement:
        if (one, other) not in self._agreements:
            exact = self._copies[one].step == self._copies[other].step == 1
            self._agreements[one, other] = merging.agreement(self._table(one), self._table(other), exact=exact)
        return self._agreements[one, other]

    def _proven(self, one: int, other: int) -> bool:
        found = self._agreement(one, other)
        return found.common > 0 and found.common * SHARE >= found.possible

    def _distinct(self, one: int, other: int) -> bool:
        """Whether identities tell two copies apart. They had letters first and numbers later: only like compares."""
        ours, theirs = self._copies[one].identity, self._copies[other].identity
        return ours is not None and theirs is not None and ours != theirs and ours.isdigit() == theirs.isdigit()

    def _apart(self, one: int, other: int) -> bool:
        """Whether identities, or one download that holds both, tell two copies apart."""
        ours, theirs = self._copies[one], self._copies[other]
        beside = ours.identity is theirs.identity is None and ours.entries[0].folder == theirs.entries[0].folder
        return self._distinct(one, other) or (beside and self._formats[one] == self._formats[other])

    def join_proven(self, indices: Sequence[int]) -> None:
        """Join copies that have messages in common, but for those that have them in common with several threads."""
        near: dict[int, set[int]] = {index: set() for index in indices}
        for one, other in combinations(indices, 2):
            joined = self._root(one) == self._root(other)
            if not joined and not self._distinct(one, other) and self._proven(one, other):
                near[one].add(other)
                near[other].add(one)
        for index in indices:
            pairs = combinations(sorted(near[index]), 2)
            several = any(self._apart(*pair) and pair[1] not in near[pair[0]] for pair in pairs)
            if several and self._copies[index].identity is None:
                self.mixed[index] = near[index]
        for one in indices:
            for other in near[one]:
                if (one in self.mixed) == (other in self.mixed):
                    self.join(one, other)

    def join_by_name(self, indices: Sequence[int]) -> list[int]:
        """Join copies of the same names where nothing speaks against it; else return one of each thread left out."""
        copies = [(index, self._copies[index].identity) for index in indices if index not in self.mixed]
        indices = [index for index, identity in copies if identity is not None or len(self._table(index))]
        pairs = [pair for pair in combinations(indices, 2) if self._root(pair[0]) != self._root(pair[1])]
        certain = {self._root(index) for index in indices if self._copies[index].identity is not None}
        if len(certain) < 2 and not any(self._apart(*pair) or self._strange(*pair) for pair in pairs):
            for pair in pairs:
                self.join(*pair)
            return []
        told_apart = {frozenset(map(self._root, pair)) for pair in pairs if self._apart(*pair)}
        roots = {self._root(index) for index in indices}
        return [
            root
            for root in sorted(roots - certain)
            if any(root != other and {root, other} not in told_apart for other in roots)
        ]

    def _strange(self, one: int, other: int) -> bool:
        """Whether two copies were in use at one time without messages in common."""
        found = self._agreement(one, other)
        return found.expected >= FEW and found.common * SHARE < found.expected

    def join_cut_over(self) -> None:
        """Join what followed a switch to encryption, where a name changed, to what was before."""
        certain = {self._root(index) for index, copy in enumerate(self._copies) if copy.identity is not None}
        followed = {self._root(index) for index, copy in enumerate(self._copies) if copy.identity is None}
        before, after = [], []
        for index, copy in enumerate(self._copies):
            if len(copy.participants) == 2 and copy.step == 1 and self.people(index):
                if copy.identity is None and self._root(index) not in certain:
                    after.append(index)
                elif self._root(index) not in followed and is_cut_over(copy):
                    before.append(index)
        fitting: dict[int, dict[int, int]] = {index: {} for index in after}
        for other in before if after else []:
            for index in after:
                if self._copies[other].family == self._copies[index].family and self._proven(other, index):
                    fitting[index][self._root(other)] = other
            self.forget(other)
        for index, threads in fitting.items():
            if len(threads) == 1:
                self.join(index, *threads.values())
        self.forget()
