"""Threads of an archive: who writes in each, how much, and which one is meant by a friend's name."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from friendbot.errors import ThreadError
from friendbot.messages import TEXT, date
from friendbot.splits import FEWEST_MESSAGES

COLUMNS = ("thread_id", "title", "participants", "owner", "sender", "sent_at", "seq", "kind")
"""What `summarise` reads of the messages table: everything but the text."""


@dataclass
class Thread:
    """One thread in numbers."""

    thread_id: str
    title: str
    participants: tuple[str, ...]
    owner: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Messages by (sender, kind)."""
    first: int = 0
    """Milliseconds since 1970 UTC."""
    last: int = 0

    @property
    def people(self) -> frozenset[str]:
        """Everyone listed or heard; a person who left may only be heard."""
        return frozenset(self.participants) | {sender for sender, _ in self.counts} | {self.owner}

    @property
    def others(self) -> tuple[str, ...]:
        """Everyone but the owner, in order."""
        return tuple(sorted(self.people - {self.owner}))

    def typed(self, sender: str) -> int:
        """How many text messages a person wrote."""
        return self.counts[sender, TEXT]

    def kinds(self) -> Counter[str]:
        """Messages by kind."""
        kinds: Counter[str] = Counter()
        for (_, kind), count in self.counts.items():
            kinds[kind] += count
        return kinds

    def refusal(self) -> str | None:
        """Why no friend can be learned from this thread, or None if it can: two people, both wrote, and enough."""
        if len(self.others) > 1:
            listed = set(self.participants) | {self.owner}
            guests = [name for name in self.others if name not in listed]
            if len(listed) == 2:
                return f"it has two participants, but {guests[0]} wrote in it too, so it is not between two people"
            return f"it is a group of {len(self.people)} people"
        if not self.others:
            return "it has only one party: notes to oneself"
        silent = [name for name in (self.others[0], self.owner) if not self.typed(name)]
        if silent:
            return f"{silent[0]} never typed a message in it"
        if (typed := self.kinds()[TEXT]) < FEWEST_MESSAGES:
            return f"it holds {typed} typed messages and {FEWEST_MESSAGES} are needed"
        return None


def summarise(batches: Iterable[pa.RecordBatch]) -> list[Thread]:
    """Count the messages of each thread; the one with most typed messages first.

    Args:
        batches: rows of the messages table, `COLUMNS` at least. Memory is bounded by one batch.
    """
    threads: dict[str, Thread] = {}
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for row in table.filter(pc.equal(table["seq"], 0)).select(COLUMNS[:4]).to_pylist():
            threads[row["thread_id"]] = Thread(row["thread_id"], row["title"], tuple(row["participants"]), row["owner"])
        groups = table.group_by(["thread_id", "sender", "kind"], use_threads=False).aggregate(
            [("sent_at", "min"), ("sent_at", "max"), ("sent_at", "count")]
        )
        for row in groups.to_pylist():
            thread = threads[row["thread_id"]]
            fresh = not thread.counts
            thread.counts[row["sender"], row["kind"]] += row["sent_at_count"]
            thread.first = row["sent_at_min"] if fresh else min(thread.first, row["sent_at_min"])
            thread.last = row["sent_at_max"] if fresh else max(thread.last, row["sent_at_max"])
    return sorted(threads.values(), key=lambda thread: (-thread.kinds()[TEXT], thread.thread_id))


def fold(name: str) -> str:
    """A name without case, accents, curly apostrophes and doubled spaces, for comparing."""
    letters = unicodedata.normalize("NFKD", name.replace("’", "'"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def find(threads: Iterable[Thread], friend: str) -> Thread:
    """The two-party thread with a friend, by the other party's name (see `fold`) or by thread id.

    Raises:
        ThreadError: nobody has that name (the nearest are listed), the thread is not between two people who both
            wrote (says why), or several fit (says how to choose).
    """
    threads = list(threads)
    for thread in threads:
        if thread.thread_id == friend:
            if reason := thread.refusal():
                raise ThreadError(f"thread {friend} cannot be learned from: {reason}; {_ask_stats()}")
            return thread
    wanted = fold(friend)
    fitting = [thread for thread in threads if [fold(name) for name in thread.others] == [wanted]]
    usable = [thread for thread in fitting if thread.refusal() is None]
    if len(usable) == 1:
        return usable[0]
    if usable:
        choices = "; ".join(f"{thread.thread_id} ({describe(thread)})" for thread in usable)
        raise ThreadError(f"{len(usable)} threads are with {friend}: set filter.friend to the id of one: {choices}")
    if fitting:
        raise ThreadError(f"the thread with {friend} cannot be learned from: {fitting[0].refusal()}; {_ask_stats()}")
    if any(fold(thread.owner) == wanted for thread in threads):
        raise ThreadError(f"{friend} is the owner of this archive; filter.friend names the other party")
    groups = [thread for thread in threads if wanted in {fold(thread.title), *map(fold, thread.others)}]
    if groups:
        thread = groups[0]
        titled = fold(thread.title) == wanted
        what = f"'{thread.title}'" if titled else f"{friend} is there only in '{thread.title}', and"
        raise ThreadError(f"{what} cannot be learned from: {thread.refusal()}; {_ask_stats()}")
    raise ThreadError(f"there is no thread with {friend}; {_nearest(threads, wanted)}")


def named(threads: Iterable[Thread], name: str) -> list[Thread]:
    """The threads that a name may mean, at least one, whether or not they can be learned from.

    That is the one of this id; or else all of this title, or with this person alone; or else all with these words in
    the title; or else all groups with a person who has these words in the name.

    Raises:
        ThreadError: there is none; the nearest names are listed.
    """
    threads, wanted = list(threads), fold(name)
    words = set(wanted.split())

    def called(names: Iterable[str]) -> bool:
        return bool(words) and any(words <= set(fold(one).split()) for one in names)

    for fits in (
        lambda thread: thread.thread_id == name,
        lambda thread: [wanted] in ([fold(thread.title)], [*map(fold, thread.others)]),
        lambda thread: called([thread.title]) or (len(thread.others) == 1 and called(thread.others)),
        lambda thread: called(thread.others),
    ):
        if fitting := [thread for thread in threads if fits(thread)]:
            return fitting
    raise ThreadError(f"there is no thread with {name}; {_nearest(threads, wanted)}")


def _nearest(threads: list[Thread], wanted: str) -> str:
    """The names most like an unknown one, else those with the most messages."""
    usable = [thread for thread in threads if thread.refusal() is None]
    if not usable:
        return "no thread of this archive is between two people who both wrote"
    names = {fold(thread.others[0]): thread.others[0] for thread in reversed(usable)}
    words = set(wanted.split())
    close = [name for name in names if words & set(name.split())]
    close += [name for name in get_close_matches(wanted, names, n=5, cutoff=0.5) if name not in close]
    if close:
        return "the nearest are: " + ", ".join(names[name] for name in close[:5])
    return "those with most messages are: " + ", ".join(thread.others[0] for thread in usable[:5])


def _ask_stats() -> str:
    return "`python src/stats.py ARCHIVE` lists the threads that can"


def describe(thread: Thread) -> str:
    """Size and period of a thread in a few words."""
    return f"{thread.kinds()[TEXT]:,} typed messages, {date(thread.first)} to {date(thread.last)}"
