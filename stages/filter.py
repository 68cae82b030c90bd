"""Pick the thread with one friend, keep what was typed, cut it into sessions and splits."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json

from friendbot import dialogue, errors, files, messages, params, threads


def main() -> None:
    settings = params.load().filter
    source = Path("data/messages.parquet")
    thread = threads.find(threads.summarise(messages.stream(source, threads.COLUMNS)), settings.friend)
    lines, dropped = dialogue.clean(
        messages.of_thread(source, thread.thread_id),
        thread.owner,
        settings.session_gap_hours,
        settings.valid_share,
        settings.test_share,
    )
    dialogue.write(lines, Path("data/thread.parquet"))
    files.write_text(Path("reports/filter.json"), json.dumps(dialogue.counts(lines, dropped), indent=1) + "\n")
    files.write_text(Path("reports/filter-examples.txt"), dropped.examples())
    print(f"{thread.others[0]}: {len(lines):,} typed messages kept, {dropped.total():,} others dropped")


if __name__ == "__main__":
    errors.run(main)
