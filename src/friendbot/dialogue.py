"""The one thread that is learned from: what two people typed, with speaker, session and split."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from friendbot import files, splits
from friendbot.dropped import Dropped
from friendbot.errors import ThreadError
from friendbot.messages import TEXT, arrays

FRIEND, ME = SPEAKERS = ("friend", "me")

SCHEMA = pa.schema(
    [
        ("sent_at", pa.int64()),
        ("seq", pa.int64()),
        ("sender", pa.string()),
        ("speaker", pa.string()),
        ("text", pa.string()),
        ("session", pa.int32()),
        ("split", pa.string()),
    ]
)


class Line(NamedTuple):
    """One typed message of the thread."""

    sent_at: int
    seq: int
    sender: str
    speaker: str
    """`friend` or `me`."""
    text: str
    session: int
    split: str
    """One of `splits.SPLITS`."""


def clean(
    rows: Iterable[dict[str, Any]], owner: str, gap_hours: float, valid_share: float, test_share: float
) -> tuple[list[Line], Dropped]:
    """Keep what was typed, in order; count what was dropped, by reason: what a message is instead, or `blank`.

    Args:
        rows: a two-party thread of the messages table, oldest first; `sender`, `sent_at`, `seq`, `kind`, `text`.

    Raises:
        ThreadError: too few messages are left, or a split would lack one of the two people.
    """
    kept, dropped = [], Dropped()
    for row in rows:
        if row["kind"] != TEXT:
            dropped.add(row["kind"], row["text"])
        elif not row["text"].strip():
            dropped.add("blank", "")
        else:
            kept.append(row)
    if len(kept) < splits.FEWEST_MESSAGES:
        raise ThreadError(
            f"the thread holds {len(kept)} typed messages and {splits.FEWEST_MESSAGES} are needed; choose a longer one"
        )
    session = splits.sessions(np.array([row["sent_at"] for row in kept]), gap_hours)
    split = splits.split(np.array([len(row["text"]) for row in kept]), session, valid_share, test_share)
    lines = [
        Line(
            row["sent_at"],
            row["seq"],
            row["sender"],
            ME if row["sender"] == owner else FRIEND,
            row["text"],
            int(session[index]),
            splits.SPLITS[split[index]],
        )
        for index, row in enumerate(kept)
    ]
    heard = {(line.split, line.speaker) for line in lines}
    for name in splits.SPLITS:
        for speaker in SPEAKERS:
            if (name, speaker) not in heard:
                raise ThreadError(
                    f"of {len(lines)} typed messages none by {speaker} falls into the {name} part; "
                    "choose a longer thread or larger shares in filter"
                )
    return lines, dropped


def counts(lines: list[Line], dropped: Dropped) -> dict[str, Any]:
    """What `reports/filter.json` holds: numbers only, no names and no words."""
    report: dict[str, Any] = {
        "messages": len(lines) + dropped.total(),
        "kept": len(lines),
        "dropped": dict(sorted(dropped.counts.items())),
    }
    for split in splits.SPLITS:
        part = [line for line in lines if line.split == split]
        report[split] = {
            "sessions": len({line.session for line in part}),
            **{
                speaker: {
                    "messages": sum(line.speaker == speaker for line in part),
                    "characters": sum(len(line.text) for line in part if line.speaker == speaker),
                }
                for speaker in SPEAKERS
            },
        }
    return report


def write(lines: list[Line], path: Path) -> None:
    """Write `data/thread.parquet`, whole or not at all."""
    table = pa.Table.from_arrays(arrays(lines, SCHEMA), schema=SCHEMA)
    with files.replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read(path: Path) -> list[Line]:
    """Read `data/thread.parquet`.

    Raises:
        ThreadError: it is missing or damaged.
    """
    try:
        table = pq.read_table(path, schema=SCHEMA)
    except (FileNotFoundError, pa.ArrowInvalid):
        raise ThreadError(f"{path} is missing or damaged; run `dvc repro -f filter`") from None
    return [Line(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
