import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import transcripts
from friendbot.conversation import Utterance
from friendbot.transcripts import Transcript, TranscriptError

NAMES = {"me": "Ann", "friend": "Zoë"}
SAID = [Utterance("me", "Hi\nthere", True), Utterance("friend", "na?"), Utterance("friend", "😂", False)]


def test_a_saved_conversation_is_lines_of_json_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    transcripts.save(path, SAID, NAMES)
    assert path.read_text(encoding="utf-8") == (
        '{"speaker": "me", "name": "Ann", "text": "Hi\\nthere", "gap": true}\n'
        '{"speaker": "friend", "name": "Zoë", "text": "na?", "gap": false}\n'
        '{"speaker": "friend", "name": "Zoë", "text": "😂", "gap": false}\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert transcripts.read(path) == SAID


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("a poem")
    with pytest.raises(TranscriptError, match=r"talk\.jsonl exists already; choose another name"):
        transcripts.save(path, SAID, NAMES)
    assert path.read_text() == "a poem"


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"speaker": "she", "name": "Zoë", "text": "hi", "gap": false}',
        '{"speaker": "me", "name": "Ann", "text": 1, "gap": false}',
        '{"speaker": "me", "name": "Ann", "text": "hi", "gap": 0}',
        '{"speaker": ["me"], "name": "Ann", "text": "hi", "gap": false}',
        '{"speaker": "me", "name": "Ann", "text": "\\ud83d", "gap": false}',
        '{"taken_back": 2}',
        '{"taken_back": 0}',
        '{"taken_back": true}',
    ],
)
def test_a_damaged_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "talk.jsonl"
    transcripts.save(path, SAID[:1], NAMES)
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(TranscriptError, match=r"talk\.jsonl is no transcript: line 2 is damaged") as caught:
        transcripts.read(path)
    assert len(str(caught.value)) < 400


def test_bytes_that_are_no_text_are_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(TranscriptError, match="line 1 is damaged"):
        transcripts.read(path)


def test_a_transcript_goes_along_and_says_what_was_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    transcript = Transcript(path, NAMES)
    transcript.follow(SAID[:2])
    transcript.follow([SAID[0]])
    transcript.follow([SAID[0], SAID[2]])
    assert path.read_text(encoding="utf-8") == (
        '{"speaker": "me", "name": "Ann", "text": "Hi\\nthere", "gap": true}\n'
        '{"speaker": "friend", "name": "Zoë", "text": "na?", "gap": false}\n'
        '{"taken_back": 1}\n'
        '{"speaker": "friend", "name": "Zoë", "text": "😂", "gap": false}\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert transcripts.read(path) == [SAID[0], SAID[2]]


def test_it_goes_on_with_the_same_conversation(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    transcripts.save(path, SAID[:2], NAMES)
    transcript = Transcript(path, NAMES, SAID[:2])
    transcript.follow(SAID)
    assert transcripts.read(path) == SAID
    transcript.follow(SAID[:1])
    assert transcripts.read(path) == SAID[:1]


def test_a_last_line_without_an_end_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    transcripts.save(path, SAID[:1], NAMES)
    path.write_bytes(path.read_bytes().rstrip())
    Transcript(path, NAMES).follow(SAID[1:])
    assert transcripts.read(path) == SAID


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """No file becomes longer than `most` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_no_line_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    transcript = Transcript(path, NAMES)
    transcript.follow(SAID[:1])
    with full_disk(path.stat().st_size + 10), pytest.raises(TranscriptError, match=r"cannot be written \(File too"):
        transcript.follow(SAID[:2])
    assert transcripts.read(path) == SAID[:1]
    transcript.follow(SAID)
    assert transcripts.read(path) == SAID


def test_on_a_full_disk_nothing_is_saved(tmp_path: Path) -> None:
    with full_disk(10), pytest.raises(OSError, match="File too large"):
        transcripts.save(tmp_path / "talk.jsonl", SAID, NAMES)
    assert [*tmp_path.iterdir()] == []


UTTERANCES = st.lists(st.builds(Utterance, st.sampled_from(["me", "friend"]), st.text(), st.booleans()), max_size=4)


@settings(max_examples=30, deadline=None)
@given(begun=UTTERANCES, steps=st.lists(UTTERANCES, max_size=4))
def test_whatever_happens_a_transcript_leads_to_where_the_talk_is(
    tmp_path_factory: pytest.TempPathFactory, begun: list[Utterance], steps: list[list[Utterance]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "talk.jsonl"
    transcripts.save(path, begun, NAMES)
    transcript = Transcript(path, NAMES)
    for utterances in steps:
        transcript.follow(utterances)
        assert transcripts.read(path) == begun + utterances


def test_conversations_with_several_bots_lie_beside_each_other(tmp_path: Path) -> None:
    assert transcripts.places(tmp_path / "a.jsonl", ["Zoë"]) == [tmp_path / "a.jsonl"]
    assert transcripts.places(tmp_path / "a.jsonl", ["main", "exp/one"]) == [
        tmp_path / "a.main.jsonl",
        tmp_path / "a.exp_one.jsonl",
    ]


@pytest.mark.parametrize("path", ["", "/", ".."])
def test_a_folder_is_no_place_for_them(path: str) -> None:
    with pytest.raises(TranscriptError, match="is a folder"):
        transcripts.places(Path(path), ["main", "exp"])
