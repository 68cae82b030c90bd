"""The message record and its table: the one contract between archive readers and everything after them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from friendbot import files
from friendbot.errors import ThreadError

TEXT, MEDIA, SHARE, CALL, SYSTEM, UNSENT, EMPTY = KINDS = (
    "text",
    "media",
    "share",
    "call",
    "system",
    "unsent",
    "empty",
)
"""What a message is. Only `text` was typed by a person; the filter stage counts and drops the rest."""


class Message(NamedTuple):
    """One message of one thread, whatever the archive's format."""

    thread_id: str
    """Identifies the thread within the archive; never shown as a name, since titles repeat."""
    title: str
    participants: tuple[str, ...]
    """Names as the archive lists them, the owner included; a person who left may be missing.

    A group of more than 100 people is listed with its first message, and with the others nobody is."""
    owner: str
    """Whose archive this is."""
    sender: str
    sent_at: int
    """Milliseconds since 1970 UTC; as coarse as the format (a minute in legacy archives)."""
    seq: int
    """Position within the thread, from 0, rising with time; keeps the source's order in ties."""
    kind: str
    """One of `KINDS`."""
    text: str


SCHEMA = pa.schema(
    [
        ("thread_id", pa.string()),
        ("title", pa.string()),
        ("participants", pa.list_(pa.string())),
        ("owner", pa.string()),
        ("sender", pa.string()),
        ("sent_at", pa.int64()),
        ("seq", pa.int64()),
        ("kind", pa.string()),
        ("text", pa.string()),
    ]
)

BATCH = 50_000
"""Rows of a record batch at most."""


def batches(messages: Iterable[Message]) -> Iterator[pa.RecordBatch]:
    """Pack messages into record batches of `SCHEMA`, at most `BATCH` rows each."""
    stream = iter(messages)
    while rows := list(islice(stream, BATCH)):
        yield pa.RecordBatch.from_arrays(arrays(rows, SCHEMA), schema=SCHEMA)


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in fewer batches, of `BATCH` rows or somewhat more: most threads are short."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= BATCH:
            yield pa.concat_batches(held)
            held, rows = [], 0
    if held:
        yield pa.concat_batches(held)


def unpacked(batches: Iterable[pa.RecordBatch]) -> Iterator[Message]:
    """The messages of record batches of `SCHEMA`, one by one."""
    for batch in batches:
        thread_id, title, people, *rest = (column.to_pylist() for column in batch.columns)
        yield from map(Message._make, zip(thread_id, title, map(tuple, people), *rest, strict=True))


def arrays(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> list[pa.Array]:
    """Rows, at least one, as the arrays of a schema's fields."""
    return [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)]


def write(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    """Stream record batches of `SCHEMA` into a Parquet file, whole or not at all; return the count of messages."""
    rows = 0
    with files.replacing(path) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        for batch in joined(batches):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def stream(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a messages table, batch by batch.

    Raises:
        ThreadError: the file is missing.
    """
    yield from _open(path).iter_batches(batch_size=BATCH, columns=list(columns))


def of_thread(path: Path, thread_id: str) -> Iterator[dict[str, Any]]:
    """The rows of one thread, oldest first, as dicts of `sender`, `sent_at`, `seq`, `kind`, `text`."""
    wanted = [column for column in SCHEMA.names if column not in ("title", "participants", "owner")]
    for batch in stream(path, wanted):
        yield from batch.filter(pc.equal(batch["thread_id"], thread_id)).to_pylist()


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (FileNotFoundError, pa.ArrowInvalid):
        raise ThreadError(f"{path} is missing or damaged; run `dvc repro -f parse`") from None


def date(sent_at: int) -> str:
    """ISO date, UTC, of milliseconds since 1970."""
    return datetime.fromtimestamp(sent_at / 1000, UTC).date().isoformat()
