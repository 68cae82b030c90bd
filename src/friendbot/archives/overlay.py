"""A copy of a thread laid over a finer one: the same messages by two clocks, of which one may be off."""

import numpy as np
import pyarrow as pa

from friendbot.archives.columns import codes, ids, is_kind, occurrence, squeezed
from friendbot.archives.reader import SAID
from friendbot.messages import TEXT, UNSENT

DRIFT = 54_000_000
"""Milliseconds by which a clock whose zone is not known may be off."""

QUARTER = 900_000
"""Milliseconds: zones differ by multiples of it."""

SUMMER = 7_200_000
"""Milliseconds that clocks are put forward in summer at most."""

OFTEN = 3
"""So many messages that are off by the same time are no coincidence."""


def completed(fine: pa.Table, coarse: pa.Table, step: int) -> tuple[pa.Table, pa.Table]:
    """Return the finer messages, and what a coarser copy adds to them; both are by time, `step` is the coarser clock's.

    Text that the coarser copy knows as unsent is dropped from the finer messages.
    """
    if not len(fine) or not len(coarse):
        return fine, coarse
    size = len(fine)
    both = pa.concat_tables([fine, coarse])
    coarser = np.arange(len(both)) >= size
    times, sender = both["sent_at"].to_numpy(), codes(both["sender"])
    message = ids(sender, codes(squeezed(both["text"])))
    typed, unsent = is_kind(both, TEXT), is_kind(both, UNSENT)
    offset, shifts = _offsets(times, message, typed, coarser, step)
    for shift in (offset, *(coarser * shift for shift in shifts)):
        for nudge in (0, step, -step):
            found = _paired(coarser, typed, (times + shift + coarser * nudge) // step, message)
            typed[found] = False
            offset[found] = shift[found]
    times = times + offset
    moment = times // step
    unsent[_paired(coarser, unsent, moment, sender)] = False
    # Who typed what only one copy has, and unsent what only the other knows of, in one moment, unsent just that.
    kept = typed.copy()
    for holds in (coarser, ~coarser):
        kept[_paired(coarser, np.where(holds, typed, unsent), moment, sender)] = False
    gone = (typed & ~kept)[:size]
    if gone.any():
        kinds, texts = (np.where(gone, no, fine[name].to_numpy()) for name, no in (("kind", UNSENT), ("text", "")))
        fine = _with(_with(fine, "kind", kinds), "text", texts)
    later = times[size:]
    outside = (later <= times[0] - step) | (later > times[size - 1])
    added = np.where(is_kind(coarse, TEXT), kept[size:], outside)
    return fine, _with(coarse, "sent_at", later).filter(pa.array(added))


def _paired(coarser: np.ndarray, active: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    """Those of the `active` rows, finer and coarser ones, that go in pairs by being equal in `columns`."""
    rows = np.flatnonzero(active)
    same = ids(*(column[rows] for column in columns))
    pair = ids(same, occurrence(same, coarser[rows]))
    return rows[np.bincount(pair)[pair] == 2] if len(rows) else rows


def _offsets(
    times: np.ndarray, message: np.ndarray, typed: np.ndarray, coarser: np.ndarray, step: int
) -> tuple[np.ndarray, list[int]]:
    """Milliseconds by which each time of the coarser clock seems to be off, and all that occur, most often first.

    Messages that each copy has once tell. Where a zone had to be assumed, summer time makes it two.
    """
    counts = [np.bincount(message[typed & side], minlength=message.max() + 1) for side in (~coarser, coarser)]
    equal = typed & (counts[0] == counts[1])[message]
    once = equal & (counts[0] == 1)[message]
    voters = []
    for side in (~coarser, coarser):
        rows = np.flatnonzero((once if once.any() else equal) & side)
        voters.append(rows[np.lexsort((times[rows], message[rows]))])
    apart = times[voters[0]] - times[voters[1]]
    votes = np.rint(apart / QUARTER).astype(np.int64) * QUARTER
    votes[(np.abs(apart) > DRIFT) | (np.abs(apart - votes) > step)] = 2 * DRIFT
    candidates, ballots = np.unique(votes[votes <= DRIFT], return_counts=True)
    shifts: list[int] = []
    for shift, count in sorted(zip(candidates.tolist(), ballots.tolist(), strict=True), key=lambda one: -one[1]):
        # A greeting that ends one copy and opens the next tells nothing of clocks.
        first = not shift or (count >= OFTEN and count * 2 >= ballots.sum())
        also = count >= OFTEN and count * 1000 >= ballots.sum()
        if first if not shifts else (also and abs(shift - shifts[0]) <= SUMMER):
            shifts.append(shift)
    offset = np.zeros(len(times), dtype=np.int64)
    sure = np.isin(votes, shifts)
    if sure.any():
        rows, values = voters[1][sure], votes[sure]
        order = np.argsort(rows)
        last = np.searchsorted(rows[order], np.flatnonzero(coarser), side="right") - 1
        offset[coarser] = values[order][np.maximum(last, 0)]
    return offset, shifts if 0 in shifts else [*shifts, 0]


def _with(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    column = SAID.get_field_index(name)
    return table.set_column(column, SAID.field(column), pa.array(values, SAID.field(column).type))
