"""Long threads are read file by file: the same messages as if all were held at once."""

import tempfile
from pathlib import Path

import pytest
from archive_writers import FRIEND, ME, inbox, read, said, thread, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives import assembly

parts = st.lists(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=6), min_size=1, max_size=5)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "LONG", 0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(parts)
def test_files_in_any_order_of_time(spoken: list[list[tuple[int, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        files = [thread([said((ME, FRIEND)[time % 2], time, text) for time, text in lines]) for lines in spoken]
        root = inbox(Path(folder), "jan_1", *files, thread([said(ME, 15, "z")]))
        whole = read(root)
        patch.setattr(assembly, "LONG", 0)
        assert read(root) == whole
    assert [m.sent_at for m in whole] == sorted(m.sent_at for m in whole)
    assert len(whole) == 1 + sum(map(len, spoken))


@pytest.mark.usefixtures("held")
def test_a_damaged_file_of_a_long_thread_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inbox(tmp_path, "jan_1", thread([said(ME, 3, "c")]), thread([said(ME, 2, "b")]), thread([said(ME, 1, "a")]))
    file = next(root.rglob("message_2.json"))
    file.write_bytes(file.read_bytes()[:-9])
    assert [m.text for m in read(root)] == ["a", "c"]
    assert capsys.readouterr().err.count("message_2.json is damaged") == 1


@pytest.mark.usefixtures("held")
def test_a_group_has_its_title_and_a_message_without_a_time_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [said(ME, 1, "a"), {"sender_name": FRIEND, "content": "when?"}]
    root = inbox(tmp_path, "crew_1", thread(lines, people=[FRIEND, "Éva", ME], title="The Crew"))
    (only,) = read(root)
    assert (only.title, only.participants, only.text) == ("The Crew", (FRIEND, "Éva", ME), "a")
    assert capsys.readouterr().err.count("1 of its 2 messages have no usable time") == 1


def test_files_of_a_thread_in_several_zips_of_one_download_are_one_copy(tmp_path: Path) -> None:
    (folder := tmp_path / "zips").mkdir()
    for number, text in ((1, "c"), (2, "b"), (3, "a")):
        root = inbox(tmp_path / str(number), "jan_1", thread([said(ME, 5, text)]))
        file = next(root.rglob("message_1.json"))
        file.rename(file.with_name(f"message_{number}.json"))
        zipped(root, folder / f"{4 - number}.zip")
    # All at one moment: only the numbers of the files, not the names of the zips, say which is older.
    assert [m.text for m in read(folder)] == ["a", "b", "c"]
