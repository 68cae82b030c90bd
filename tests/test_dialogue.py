from pathlib import Path
from typing import Any

import pytest
from conftest import FRIEND, ME, lines

from friendbot import dialogue
from friendbot.errors import ThreadError


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"sender": (ME, FRIEND)[seq % 2], "sent_at": seq * 60_000, "seq": seq, "kind": "text", "text": f"line {seq}"}
        for seq in range(count)
    ]


def test_what_nobody_typed_is_dropped_and_counted() -> None:
    thread = rows(120)
    thread[5] |= {"kind": "call", "text": ""}
    thread[6] |= {"text": " \n\u2028"}
    thread[7] |= {"kind": "unsent", "text": "secret"}
    kept, dropped = dialogue.clean(thread, ME, 6, 0.1, 0.1)
    assert dropped.counts == {"call": 1, "blank": 1, "unsent": 1}
    assert [line.text for line in kept] == [f"line {seq}" for seq in range(120) if seq not in (5, 6, 7)]
    assert {line.speaker for line in kept if line.sender == ME} == {"me"}
    report = dialogue.counts(kept, dropped)
    assert (report["messages"], report["kept"]) == (120, 117)
    assert (
        sum(report[split][who]["messages"] for split in ("train", "valid", "test") for who in ("me", "friend")) == 117
    )


def test_too_few_messages_say_how_many_there_are_and_are_needed() -> None:
    with pytest.raises(ThreadError, match="the thread holds 99 typed messages and 100 are needed; choose a longer one"):
        dialogue.clean(rows(99), ME, 6, 0.1, 0.1)


def test_a_part_without_one_of_the_two_is_refused() -> None:
    thread = rows(200)
    for row in thread[150:]:
        row["sender"] = ME
    with pytest.raises(ThreadError, match="none by friend falls into the valid part"):
        dialogue.clean(thread, ME, 6, 0.1, 0.1)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "thread.parquet"
    dialogue.write(lines(), path)
    assert dialogue.read(path) == lines()
    first = path.read_bytes()
    dialogue.write(lines(), path)
    assert path.read_bytes() == first


def test_a_missing_table_says_which_stage_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ThreadError, match="run `dvc repro -f filter`"):
        dialogue.read(tmp_path / "thread.parquet")
