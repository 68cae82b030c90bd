"""Pick the thread with one friend, keep what was typed, cut it into sessions and splits."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from friendbot import dialogue, errors, files, messages, params, threads
from friendbot.progress import Progress
from friendbot.redaction import Redactor


def main() -> None:
    settings = params.load().filter
    source = Path("data/messages.parquet")
    thread = threads.find(threads.summarise(messages.stream(source, threads.COLUMNS)), settings.friend)
    rows, found = messages.of_thread(source, thread.thread_id), Counter[str]()
    if settings.redact:
        rows = redacted(rows, Redactor(settings.phone_region, settings.pseudonyms), found)
    lines, dropped = dialogue.clean(
        rows,
        thread.owner,
        settings.session_gap_hours,
        settings.valid_share,
        settings.test_share,
    )
    dialogue.write(lines, Path("data/thread.parquet"))
    report = dialogue.counts(lines, dropped) | {"redacted": dict(sorted(found.items()))}
    files.write_text(Path("reports/filter.json"), json.dumps(report, indent=1) + "\n")
    files.write_text(Path("reports/filter-examples.txt"), dropped.examples())
    print(f"{thread.others[0]}: {len(lines):,} typed messages kept, {dropped.total():,} others dropped")


def redacted(rows: Iterable[dict[str, Any]], redactor: Redactor, found: Counter[str]) -> Iterator[dict[str, Any]]:
    """Messages without what the redactor finds; counts in `found` what it found in typed ones.

    The others are redacted too, since examples of them are kept.
    """
    with Progress("redacting", unit="messages") as progress:
        for row in rows:
            text, counts = redactor.redact(row["text"])
            if row["kind"] == messages.TEXT:
                found.update(counts)
            yield {**row, "text": text}
            progress.advance(1)


if __name__ == "__main__":
    errors.run(main)
