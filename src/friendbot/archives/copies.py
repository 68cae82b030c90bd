"""Several copies of one thread, put together: nothing doubled, nothing lost."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from friendbot.archives.columns import by_time, codes, ids, is_kind, occurrence, shares, squeezed
from friendbot.archives.overlay import DRIFT, completed
from friendbot.messages import TEXT, UNSENT

TELLING = 12
"""Characters of a text that is hardly ever typed twice."""


def unite(copies: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    """Merge copies, (messages, milliseconds to which its times are known) each, into one table of `SAID` by time.

    Of copies that know milliseconds, every message is taken as often as the copy that has it most often, and the order
    of equal times is that of the first copy that has them. A message that one copy knows as unsent is unsent: its text
    is dropped, whichever copy still holds it. One that was typed for one copy and is something else for another (a
    link, say) was typed.

    Other copies, the finest first, add what is lacking then: messages are the same where sender and text are, within
    the coarser clock. Where a clock was read in a wrong zone, and the messages in common tell by how much, what is
    added is put right. What nobody typed is added outside the period that is there only.
    """
    order = sorted(range(len(copies)), key=lambda index: (copies[index][1], index))
    exact = [copies[index][0] for index in order if copies[index][1] == 1] or [copies[order[0]][0]]
    united = by_time(exact[0] if len(exact) == 1 else _counted(exact))
    for index in order[len(exact) :]:
        table, step = copies[index]
        united = by_time(pa.concat_tables(completed(united, by_time(table), step)))
    return united.combine_chunks()


def lacking(table: pa.Table, step: int, others: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    """What of a copy none of the others has, by the rules of `unite`."""
    table = by_time(table)
    for other, other_step in others:
        if len(other):
            _, table = completed(by_time(other), table, max(step, other_step))
    return table.combine_chunks()


class Agreement(NamedTuple):
    """What two copies have in common, in the time that both cover."""

    common: int
    """Messages in common."""
    possible: int
    """Typed messages that the copy with fewer has in that time, as long as it may be."""
    expected: int
    """The same, in the time that is certainly common: a clock may be off."""


def agreement(one: pa.Table, other: pa.Table, *, exact: bool) -> Agreement:
    """Compare two copies by their messages, whatever people are called in them.

    Where both are `exact` to the millisecond, messages are the same where time and text are; otherwise where the text
    is, of those that are hardly ever typed twice, and times are off by `DRIFT` at most.
    """
    if not len(one) or not len(other):
        return Agreement(0, 0, 0)
    slack = 0 if exact else DRIFT
    bounds = [pc.min_max(table["sent_at"]).as_py() for table in (one, other)]
    first, last = max(ends["min"] for ends in bounds), min(ends["max"] for ends in bounds)
    if first - slack > last + slack:
        return Agreement(0, 0, 0)
    both = pa.concat_tables([one, other])
    times, typed = both["sent_at"].to_numpy(), is_kind(both, TEXT)
    used = (times >= first - slack) & (times <= last + slack)
    if not exact:
        used &= typed & (pc.utf8_length(both["text"]).to_numpy() >= TELLING)
    ours = (np.arange(len(both)) < len(one))[used]
    both, times, typed = both.filter(pa.array(used)), times[used], typed[used]
    if exact:
        message = ids(times, np.where(typed, codes(both["text"]), -1 - codes(both["sender"])))
    else:
        message = codes(squeezed(both["text"]))
    sure = typed & (times >= first + slack) & (times <= last - slack)
    possible, expected = (
        min(len(np.unique(message[which & side])) for side in (ours, ~ours)) for which in (typed, sure)
    )
    return Agreement(len(np.intersect1d(message[ours], message[~ours])), possible, expected)


def _counted(tables: Sequence[pa.Table]) -> pa.Table:
    """The union of equally fine copies, as multisets."""
    table = pa.concat_tables(tables).combine_chunks()
    copy = np.repeat(np.arange(len(tables)), [len(one) for one in tables])
    shared = pa.array(shares(table["sent_at"].to_numpy(), copy))
    alone = table.filter(pc.invert(shared))
    if not len(alone):
        return _sifted(table, copy)
    # Mostly downloads overlap little, or not at all: parts of one thread lie in several zips.
    return by_time(pa.concat_tables([alone, _sifted(table.filter(shared), copy[shared.to_numpy(False)])]))


def _sifted(table: pa.Table, copy: np.ndarray) -> pa.Table:
    """The same, of the rows of all copies."""
    if not len(table):
        return table
    table = table.combine_chunks()
    place = ids(codes(table["sent_at"]), codes(table["sender"]))
    if disputed := _disputed(table, copy, place):
        keep = np.ones(len(table), dtype=bool)
        keep[disputed] = False
        table, copy, place = table.filter(pa.array(keep)).combine_chunks(), copy[keep], place[keep]
    # Of what nobody typed, copies may differ in kind and wording: who and when are enough there.
    message = ids(place, np.where(is_kind(table, TEXT), codes(table["text"]), -1))
    number = occurrence(message, copy)
    order = np.lexsort((np.arange(len(table)), ~is_kind(table, UNSENT), number, message))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(message[order]) != 0) | (np.diff(number[order]) != 0)
    return table.take(pa.array(np.sort(order[first])))


def _disputed(table: pa.Table, copy: np.ndarray, place: np.ndarray) -> list[int]:
    """Rows to drop where copies disagree on what one person did at one moment: typed, or something else."""
    typed = is_kind(table, TEXT)
    count = place.max(initial=-1) + 1
    both = (np.bincount(place[typed], minlength=count) > 0) & (np.bincount(place[~typed], minlength=count) > 0)
    near = np.flatnonzero(both[place])
    texts, kinds = (table[name].take(pa.array(near)).to_pylist() for name in ("text", "kind"))
    places: defaultdict[int, defaultdict[int, list[tuple[int, str | None, bool]]]]
    places = defaultdict(lambda: defaultdict(list))
    for row, text, kind in zip(near.tolist(), texts, kinds, strict=True):
        places[int(place[row])][int(copy[row])].append((row, text if kind == TEXT else None, kind == UNSENT))
    return [row for copies in places.values() if len(copies) > 1 for row in _overruled([*copies.values()])]


def _overruled(copies: Sequence[Sequence[tuple[int, str | None, bool]]]) -> Iterator[int]:
    """Of (row, text if typed, unsent) of each copy at one place, the rows that other copies know better."""
    unsent = [sum(gone for *_, gone in rows) for rows in copies]
    held = [{text for _, text, _ in rows} for rows in copies]
    kept: list[Counter[str]] = []
    for rows, few in zip(copies, unsent, strict=True):
        knowing = [texts for texts, many in zip(held, unsent, strict=True) if many > few]
        kept.append(Counter())
        for row, text, _ in rows:
            if text is not None and knowing and not any(text in texts for texts in knowing):
                yield row
            elif text is not None:
                kept[-1][text] += 1
    typed = reduce(or_, kept)
    for rows, mine in zip(copies, kept, strict=True):
        # What this copy lacks among the typed, it has under another name.
        renamed = (typed - mine).total()
        yield from [row for row, text, gone in rows if text is None and not gone][:renamed]
