"""The copies of all threads that readers found, put together into threads."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from friendbot.archives import copies, identity, owner, sources
from friendbot.archives.columns import by_time
from friendbot.archives.names import UNKNOWN, folded, nobody
from friendbot.archives.reader import SAID, Copy, Job, Part
from friendbot.archives.sources import Download
from friendbot.messages import BATCH, SCHEMA

LONG = 1 << 26
"""Bytes of a thread that is not held at once, if that can be helped."""

CROWD = 100
"""People of a thread whom each of its messages lists; larger groups are listed with their first message alone."""


class Threads:
    """The copies of all threads, and what they become."""

    def __init__(self, job: Job, found: Sequence[tuple[Copy, str]]) -> None:
        self._job = job
        self._format = {id(copy): name for copy, name in found}
        self._found = found
        self._owner: dict[int, str] = {}
        self._downloads: dict[tuple[str, str], Download] = {}
        self._packed = sources.packed(job.tree.entries)
        self._doubled: Counter[tuple[str, str]] = Counter()
        self._added: Counter[tuple[str, str]] = Counter()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        found = self._owned()
        groups = identity.group(found, [self._format[id(copy)] for copy in found], self._peek, self._job.note)
        taken: Counter[str] = Counter()
        order = sorted((self._key(group.copies), index) for index, group in enumerate(groups))
        coming = (copy for _, index in order for copy in groups[index].copies if not copy.held)
        self._job.tree.expect(entry for copy in coming for entry in copy.entries)
        for key, index in order:
            taken[key] += 1
            yield from self._thread(key if taken[key] == 1 else f"{key}#{taken[key]}", groups[index])

    def _owned(self) -> list[Copy]:
        """Copies whose owner is known; a messenger in which nothing was said needs none."""
        found = [copy for copy, _ in self._found]
        try:
            owners = owner.choose(found, self._job.owner, self._job.owners)
        except owner.UnknownOwnerError:
            found = [copy for copy in found if self._is_spoken(copy.family)]
            owners = owner.choose(found, self._job.owner, self._job.owners) if found else []
        self._owner = {id(copy): name for copy, name in zip(found, owners, strict=True) if name}
        strange = [copy for copy in found if id(copy) not in self._owner]
        for family in sorted({copy.family for copy in strange}):
            if self._is_spoken(family):
                theirs = [copy for copy in strange if copy.family == family]
                self._job.leave_out(owner.question(theirs), "or take it away")
        return [copy for copy in found if id(copy) in self._owner]

    def downloads(self) -> list[Download]:
        """What each folder or zip held, the oldest first."""
        for download in self._downloads.values():
            if download.requested is not None and download.requested < download.last - sources.DAY:
                download.requested = None  # a date that is none, or another's
        return sorted(self._downloads.values(), key=lambda download: (download.first, download.path, download.format))

    def report(self) -> None:
        """Say which format won where a thread came in two."""
        for (fine, coarse), count in sorted(self._doubled.items()):
            added = self._added[fine, coarse]
            was = "were" if " and " in fine else "was"
            threads = "1 thread is" if count == 1 else f"{count:,} threads are"
            only = f", and {added:,} message{'s' * (added > 1)} that only {coarse} has" if added else ""
            self._job.note(f"{threads} there as {fine} and as {coarse}: {fine} {was} taken{only}")

    def _key(self, group: Sequence[Copy]) -> str:
        sure = [copy for copy in group if copy.identity is not None]
        return (sure or group)[0].key

    def _is_spoken(self, family: str) -> bool:
        return any(len(self._peek(copy)) for copy, _ in self._found if copy.family == family)

    def _load(self, copy: Copy) -> pa.Table:
        return pa.Table.from_batches(copy.batches(), SAID)

    def _peek(self, copy: Copy) -> pa.Table:
        """Load what will be loaded again: that is no progress."""
        advance, self._job.advance = self._job.advance, lambda size: None
        try:
            return self._load(copy)
        finally:
            self._job.advance = advance

    def _thread(self, thread_id: str, group: identity.Thread) -> Iterator[pa.RecordBatch]:
        copy = group.copies[0]
        if len(group.copies) == 1 and copy.parts and not group.doubles and sum(e.size for e in copy.entries) > LONG:
            yield from self._long(thread_id, copy)
        else:
            yield from self._united(thread_id, group)

    def _long(self, thread_id: str, copy: Copy) -> Iterator[pa.RecordBatch]:
        """One copy file by file: only files that overlap in time are held at once."""
        me, start = self._owner[id(copy)], 0
        participants = [*copy.participants, *([] if me in copy.participants else [me])]
        constants = (thread_id, copy.name() or _others(participants, me), participants, me)
        for parts in _clusters([*copy.parts()] if copy.parts else []):
            table = by_time(pa.Table.from_batches((batch for part in parts for batch in part.batches()), SAID))
            self._count(copy, table)
            yield from _batches(table, constants, start)
            start += len(table)
        if start and sources.is_cut_over(copy):
            self._download(copy).cut_over += 1

    def _united(self, thread_id: str, group: identity.Thread) -> Iterator[pa.RecordBatch]:
        loaded = [(copy, table) for copy in group.copies if len(table := self._load(copy))]
        if not loaded:
            return
        for copy, table in loaded:
            self._count(copy, table)
        if cut_over := next((copy for copy, _ in loaded if sources.is_cut_over(copy)), None):
            self._download(cut_over).cut_over += 1
        loaded = [(copy, _by_own_name(table, copy, self._owner[id(copy)])) for copy, table in loaded]
        newest, _ = max(loaded, key=lambda one: pc.max(one[1]["sent_at"]).as_py())
        me = self._owner[id(newest)]
        names = _names([(copy.participants, table, self._owner[id(copy)]) for copy, table in loaded], me)
        loaded = [(copy, _renamed(table, names)) for copy, table in loaded]
        participants = list(dict.fromkeys(names.get(name, name) for copy, _ in loaded for name in copy.participants))
        if me not in participants:
            participants.append(me)
        others = _others(participants, me)
        titles = (copy.name() for copy, _ in loaded)
        title = next((names.get(title, title) for title in titles if title), others)
        united = self._merged(loaded)
        if group.doubles:
            elsewhere = [(self._peek(copy), copy.step) for copy in group.doubles]
            united = copies.lacking(united, max(copy.step for copy, _ in loaded), elsewhere)
        yield from _batches(united, (thread_id, title, participants, me), 0)

    def _download(self, copy: Copy) -> Download:
        entry, name = copy.entries[0], self._format[id(copy)]
        path = sources.root(entry)
        if (path, name) not in self._downloads:
            asked = sources.named(path) or (self._packed.get(entry.disk) if entry.info else None)
            self._downloads[path, name] = Download(path, name, copy.family, requested=asked)
        return self._downloads[path, name]

    def _count(self, copy: Copy, table: pa.Table) -> None:
        bounds = pc.min_max(table["sent_at"]).as_py()
        download = self._download(copy)
        download.first = min(download.first, bounds["min"]) if download.messages else bounds["min"]
        download.last = max(download.last, bounds["max"]) if download.messages else bounds["max"]
        download.messages += len(table)

    def _merged(self, loaded: Sequence[tuple[Copy, pa.Table]]) -> pa.Table:
        """Copies as one table; counts what a coarser format added to a finer one."""
        finest = min(copy.step for copy, _ in loaded)
        fine = [copy for copy, _ in loaded if copy.step == finest]
        coarse = [(copy, table) for copy, table in loaded if copy.step != finest]
        best = copies.unite([(table, finest) for copy, table in loaded if copy.step == finest])
        united = copies.unite([(best, finest), *((table, copy.step) for copy, table in coarse)])
        taken = dict.fromkeys(self._format[id(copy)] for copy in fine)
        if lesser := sorted({self._format[id(copy)] for copy, _ in coarse} - taken.keys()):
            pair = (" and ".join(taken), " and ".join(lesser))
            self._doubled[pair] += 1
            self._added[pair] += len(united) - len(best)
        return united


def _others(participants: Sequence[str], me: str) -> str:
    return ", ".join(name for name in participants if name != me) or me


def _clusters(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Parts by time, together and in the order of the files where they overlap; mostly they do not."""
    cluster: list[int] = []
    for index in sorted(range(len(parts)), key=lambda index: parts[index].first):
        if cluster and parts[index].first > max(parts[one].last for one in cluster):
            yield [parts[one] for one in sorted(cluster)]
            cluster = []
        cluster.append(index)
    if cluster:
        yield [parts[one] for one in sorted(cluster)]


def _batches(table: pa.Table, constants: tuple[str, str, list[str], str], first: int) -> Iterator[pa.RecordBatch]:
    """Messages of one thread as batches of `SCHEMA`; `first` is the `seq` of the first, `constants` come before."""
    thread_id, title, participants, me = constants
    again = participants if len(participants) <= CROWD else []
    for start in range(0, len(table), BATCH):
        part = table.slice(start, BATCH).combine_chunks()
        count = len(part)
        rows = np.zeros(count, dtype=np.int64)
        listed = np.minimum(np.arange(first + start, first + start + count), 1)
        columns = [
            *(pa.array([one], pa.string()).take(pa.array(rows)) for one in (thread_id, title)),
            pa.array([participants, again], SCHEMA.field("participants").type).take(pa.array(listed)),
            pa.array([me], pa.string()).take(pa.array(rows)),
            part["sender"].combine_chunks(),
            part["sent_at"].combine_chunks(),
            pa.array(np.arange(first + start, first + start + count)),
            part["kind"].combine_chunks(),
            part["text"].combine_chunks(),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


YOU = frozenset({"You", "Du", "Sie", "Vous", "Tú", "Usted", "Você", "Tu", "Jij", "Je", "Ty"})
"""What the owner is called where a page speaks to its reader."""


def _by_own_name(table: pa.Table, copy: Copy, me: str) -> pa.Table:
    """Senders called "You" by the owner's name; formats that know milliseconds have names only."""
    if copy.step == 1:
        return table
    spoken = {name for name in pc.unique(table["sender"]).to_pylist() if name in YOU and name not in copy.participants}
    return _renamed(table, dict.fromkeys(spoken, me))


def _names(loaded: Sequence[tuple[Sequence[str], pa.Table, str]], me: str) -> dict[str, str]:
    """New names by old ones: between two downloads a friend may have married, or left and become nobody.

    `loaded` has the participants, messages and owner of each copy. Between two people it is clear who is who; in a
    group only the owner is, and who is spelled otherwise in capitals and accents.
    """
    if len(loaded) < 2:
        return {}
    names: dict[str, str] = {}
    called: dict[str, int] = {}
    pair = True
    for people, table, owner_name in loaded:
        names[owner_name] = me
        others = {*people, *pc.unique(table["sender"]).to_pylist()} - {owner_name, UNKNOWN}
        pair &= len(others) <= 1 and len(people) <= 2
        last = pc.max(table["sent_at"]).as_py()
        called |= {name: max(called.get(name, last), last) for name in others}
    newest = sorted(called, key=lambda name: (not nobody(name), called[name], name))
    spelled = {folded(name): name for name in newest}
    for name in newest:
        names.setdefault(name, newest[-1] if pair else spelled[folded(name)])
    return {old: new for old, new in names.items() if old != new}


def _renamed(table: pa.Table, names: dict[str, str]) -> pa.Table:
    if not names:
        return table
    senders = [names.get(name, name) for name in table["sender"].to_pylist()]
    column = SAID.get_field_index("sender")
    return table.set_column(column, SAID.field(column), pa.array(senders, pa.string()))
