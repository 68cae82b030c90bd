"""Columns of messages as integers, so that millions of them can be compared."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SPACES = r"[\pZ\t-\r\x1c-\x1f\x{85}]+"


def by_time(table: pa.Table) -> pa.Table:
    """Oldest first; equal times keep their order."""
    times = table["sent_at"].to_numpy()
    if (times[1:] >= times[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(times, kind="stable")))


def shares(times: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Which rows have a time that more than one copy has."""
    order = np.argsort(times, kind="stable")
    again = times[order][1:] == times[order][:-1]
    common = times[order][1:][again & (copy[order][1:] != copy[order][:-1])]
    return np.isin(times, common) if len(common) else np.zeros(len(times), dtype=bool)


def is_kind(table: pa.Table, kind: str) -> np.ndarray:
    """Which messages are of a kind."""
    return pc.equal(table["kind"], kind).to_numpy()


def squeezed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts with all white space alike: HTML does not keep it."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _SPACES, " "))


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """Equal values by equal integers from 0."""
    return column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)


def ids(*columns: np.ndarray) -> np.ndarray:
    """Equal rows of integers by equal integers from 0."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns if len(found) else ():
        coded = column - column.min()
        if (int(coded.max()) + 1) * (int(found.max()) + 1) > np.iinfo(np.int64).max:
            _, coded = np.unique(coded, return_inverse=True)
        _, found = np.unique(found * (int(coded.max()) + 1) + coded, return_inverse=True)
    return found


def occurrence(message: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """How many equal messages of the same copy come before each."""
    order = np.lexsort((np.arange(len(message)), copy, message))
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(message[order]) != 0) | (np.diff(copy[order]) != 0)
    position = np.arange(len(order))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = position - np.maximum.accumulate(np.where(starts, position, 0))
    return number
