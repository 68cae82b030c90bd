import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import FRIEND, ME, ROOT, chatter, write_archive
from hypothesis import example, given
from hypothesis import strategies as st

import stats
from friendbot import cli
from friendbot.errors import ArchiveError, ThreadError

DAY = 86_400_000
Talk = Sequence[tuple[str, str]]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "src" / "stats.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def on_terminal(columns: int, *arguments: str | Path, **environment: str) -> str:
    """What appears on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "src" / "stats.py"), *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux, when the other end is closed
            part = b""
        if not part:
            break
        shown += part
    os.close(ours)
    _, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    return shown.decode().replace("\r\n", "\n")


def plain(drawn: str) -> str:
    """Without colours, and the spaces that they cover at the ends of lines."""
    return re.sub(r" +$", "", re.sub(r"\x1b\[[0-9;]*m", "", drawn), flags=re.MULTILINE)


Screened = Callable[..., str]


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Screened:
    """What goes into a pipe, without another process."""

    def shown(*arguments: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", ["stats.py", *map(str, arguments)])
        stats.main()
        return capsys.readouterr().out

    return shown


def day(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def thread(people: Sequence[str], talk: Talk, first: str, every: int, title: str = "") -> dict[str, Any]:
    """As Messenger's JSON has it; without the faulty letters, which are not the matter here."""
    messages = [
        {"sender_name": sender, "timestamp_ms": day(first) + number * every, "content": text}
        for number, (sender, text) in enumerate(talk)
    ]
    return {"participants": [{"name": name} for name in people], "messages": messages[::-1], "title": title}


def download(folder: Path, threads: dict[str, dict[str, Any]]) -> Path:
    """`threads` by section and folder, such as `inbox/bo_1`."""
    profile = {"profile_v2": {"name": {"full_name": "Ann"}}}
    files = {"personal_information/profile_information/profile_information.json": profile}
    files |= {f"your_facebook_activity/messages/{name}/message_1.json": one for name, one in threads.items()}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")
    return folder


def zipped(folder: Path, path: Path, made: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for one in sorted(folder.rglob("*.json")):
            date = datetime.fromisoformat(made)
            info = zipfile.ZipInfo(one.relative_to(folder).as_posix(), (date.year, date.month, date.day, 0, 0, 0))
            file.writestr(info, one.read_bytes())
    return path


def encrypted(path: Path, friend: str, talk: Talk, first: str) -> Path:
    messages = [
        {"senderName": sender, "timestamp": day(first) + number * DAY, "text": text, "type": "text"}
        for number, (sender, text) in enumerate(talk)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"participants": ["Ann", friend], "threadName": friend, "messages": messages}, ensure_ascii=False)
    )
    return path


def turns(friend: str, count: int, theirs: str = "haha yes", mine: str = "How are you?") -> Talk:
    """I ask, the friend answers twice."""
    return [(friend, theirs) if number % 3 else ("Ann", mine) for number in range(count)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download from Facebook, and what went on encrypted, side by side."""
    folder = tmp_path_factory.mktemp("archives") / "mine"
    folder.mkdir()
    threads = {
        "e2ee_cutover/zoe_11111111111": thread(("Zoe", "Ann"), turns("Zoe", 240, "soon 😂"), "2019-06-01", 7 * DAY),
        "inbox/bo_22222222222": thread(("Bo O'Neil", "Ann"), turns("Bo O'Neil", 120, "да"), "2021-01-01", DAY),
        "inbox/climbers_33333333333": thread(("Bo O'Neil", "Zoe", "Ann"), turns("Zoe", 30), "2020-05-05", DAY, "Rocks"),
        "inbox/di_44444444444": thread(("Di", "Ann"), turns("Di", 9), "2022-01-01", DAY),
    }
    zipped(download(folder.parent / "unpacked", threads), folder / "facebook-ann-2024-03-01-Ab.zip", "2024-03-01")
    encrypted(folder / "encrypted" / "messages" / "Zoe_1.json", "Zoe", turns("Zoe", 90, "ok"), "2024-01-05")
    return folder


LEGEND = (
    "typed: how many messages they typed, and when; share: of all that you two typed; "
    "length: characters of their median message; emoji: messages with one"
)
CHART = """\
typed a year   letters: Latin 94%, Cyrillic 6%
            172
      82    ████  62          90
31    ▃▃▃▃  ████  ▁▁▁▁  52    ▅▅▅▅
▄▄▄▄  ████  ████  ████  ▇▇▇▇  ████
2019  2020  2021  2022  2023  2024"""
OTHERS_AND_COMMANDS = """\
cannot be learned from
Rocks  30 typed  it is a group of 3 people
Di      9 typed  it holds 9 typed messages and 100 are needed

To learn from Zoe:
  make repro ARCHIVE={path} FRIEND=Zoe
Or as an experiment, to compare with others in `dvc exp show`:
  dvc exp run -S "parse.archive='{path}'" -S "filter.friend='Zoe'"
For another friend put:
  FRIEND="Bo O'Neil"   (Bo O'Neil, 80 typed)
All about one of them:
  python src/stats.py {path} --thread Zoe
"""


def test_through_a_pipe(two: Path) -> None:
    result = run(two)
    assert (result.returncode, result.stderr) == (0, "")
    expected = f"""\
Archive of Ann: 489 typed of 489 messages in 4 threads
  mine/facebook-ann-2024-03-01-Ab.zip: Messenger JSON, 399 messages, 2019-06-01 to 2023-12-30
  mine/encrypted: Messenger end-to-end encrypted, 90 messages, 2024-01-05 to 2024-04-03

{CHART}

friend     typed  2019    2024  share  length  emoji  letters   first       last        you typed
Zoe          220  ▃▃▅▅▅▅▅▅▅▅██    67%       6    73%  Latin     2019-06-01  2024-04-03        110
Bo O'Neil     80  ····██······    67%       2     0%  Cyrillic  2021-01-01  2021-04-30         40
{LEGEND}

{OTHERS_AND_COMMANDS.format(path=two)}"""
    assert result.stdout == expected


def test_on_a_terminal_of_80_columns(two: Path) -> None:
    drawn, grey = on_terminal(80, two), on_terminal(80, two, NO_COLOR="1")
    assert "\x1b[36m" in drawn
    assert "\x1b[3" not in grey
    assert plain(drawn) == plain(grey)
    expected = f"""\
Archive of Ann: 489 typed of 489 messages in 4 threads
  mine/facebook-ann-2024-03-01-Ab.zip: Messenger JSON, 399 messages, 2019-06-01
  to 2023-12-30
  mine/encrypted: Messenger end-to-end encrypted, 90 messages, 2024-01-05 to
  2024-04-03

{CHART}

friend     typed  2019    2024  share  length  emoji  letters   last
Zoe          220  ▃▃▅▅▅▅▅▅▅▅██    67%       6    73%  Latin     2024-04-03
Bo O'Neil     80  ····██······    67%       2     0%  Cyrillic  2021-04-30
typed: how many messages they typed, and when; share: of all that you two typed;
length: characters of their median message; emoji: messages with one

{OTHERS_AND_COMMANDS.format(path=two)}"""
    assert plain(drawn) == expected


def test_one_friend(two: Path, screen: Screened) -> None:
    expected = f"""\
Bo O'Neil  bo_22222222222
120 messages, 2021-01-01 to 2021-04-30

                        Bo O'Neil       you
typed                    80 (67%)  40 (33%)
median characters               2        12
nine of ten have up to          2        12
with emoji                     0%        0%
letters                  Cyrillic     Latin

typed a year  Bo O'Neil                    you
2021          ████████████████████████ 80  ████████████             40

To learn from this thread:
  make repro ARCHIVE={two} FRIEND="Bo O'Neil"
Or as an experiment, to compare with others in `dvc exp show`:
  dvc exp run -S "parse.archive='{two}'" -S {shlex.quote("filter.friend='Bo O" + chr(92) + "'Neil'")}
"""
    assert screen(two, "--thread", "BO o’neil") == expected
    assert screen(two, "--thread", "bo") == expected
    assert screen(two, "--thread", "bo_22222222222") == expected


def test_one_group(two: Path, screen: Screened) -> None:
    assert (
        screen(two, "--thread", "rocks")
        == """\
Rocks  climbers_33333333333
30 messages, 2020-05-05 to 2020-06-03
cannot be learned from: it is a group of 3 people

                             Zoe       you  Bo O'Neil
typed                   20 (67%)  10 (33%)     0 (0%)
median characters              8        12          0
nine of ten have up to         8        12          0
with emoji                    0%        0%         0%
letters                    Latin     Latin

typed a year  Zoe                you                Bo O'Neil
2020          ██████████████ 20  ███████        10                 0
"""
    )


def test_json(two: Path, screen: Screened) -> None:
    found = json.loads(screen(two, "--json", "--thread", "Zoe"))
    years = {"2019": 31, "2020": 82, "2021": 172, "2022": 62, "2023": 52, "2024": 90}
    assert found == {
        "archive": str(two),
        "settings": {},
        "owner": "Ann",
        "messages": 489,
        "downloads": [
            {
                "path": "mine/facebook-ann-2024-03-01-Ab.zip",
                "format": "Messenger JSON",
                "family": "facebook",
                "messages": 399,
                "first": "2019-06-01",
                "last": "2023-12-30",
                "requested": "2024-03-01",
                "cut_over": 1,
            },
            {
                "path": "mine/encrypted",
                "format": "Messenger end-to-end encrypted",
                "family": "facebook",
                "messages": 90,
                "first": "2024-01-05",
                "last": "2024-04-03",
                "requested": None,
                "cut_over": 0,
            },
        ],
        "warnings": [],
        "years": years,
        "scripts": {"Latin": 0.938, "Cyrillic": 0.062},
        "thread_count": 4,
        "threads": [
            {
                "thread_id": "zoe_11111111111",
                "title": "Zoe",
                "owner": "Ann",
                "participants": ["Zoe", "Ann"],
                "two_party": True,
                "first": "2019-06-01",
                "last": "2024-04-03",
                "kinds": {"text": 330},
                "kinds_by": {"Zoe": {"text": 220}, "Ann": {"text": 110}},
                "typed": {"Zoe": 220, "Ann": 110},
                "share": {"Zoe": 0.667, "Ann": 0.333},
                "median_length": {"Zoe": 6, "Ann": 12},
                "long_length": {"Zoe": 6, "Ann": 12},
                "emoji_share": {"Zoe": 0.727, "Ann": 0.0},
                "scripts": {"Zoe": {"Latin": 1.0}, "Ann": {"Latin": 1.0}},
                "years": {
                    "Zoe": {"2019": 20, "2020": 35, "2021": 35, "2022": 35, "2023": 35, "2024": 60},
                    "Ann": {"2019": 11, "2020": 17, "2021": 17, "2022": 18, "2023": 17, "2024": 30},
                },
                "refusal": None,
                "friend": "Zoe",
                "commands": {
                    "repro": f"make repro ARCHIVE={two} FRIEND=Zoe",
                    "experiment": f"dvc exp run -S \"parse.archive='{two}'\" -S \"filter.friend='Zoe'\"",
                },
            }
        ],
    }


def test_what_went_on_encrypted_is_missed_for_certain(two: Path, screen: Screened) -> None:
    archive = two / "facebook-ann-2024-03-01-Ab.zip"
    expected = (
        "\nwarning: 1 thread went on end-to-end encrypted, and this archive lacks all that followed. On a computer, "
        "messenger.com/secure_storage/dyi has it, or messenger.com > your picture > Privacy & safety > End-to-end "
        "encrypted chats > Message storage > Download secure storage data (newer: Chat history > Last backup > "
        "Download chat backup); it asks for your PIN. "
        "Put what comes into one folder with this download, and give that folder.\n"
    )
    assert expected in screen(archive)
    assert json.loads(screen(archive, "--json"))["warnings"] == [expected.strip().removeprefix("warning: ")]
    assert "warning" not in screen(two)


@pytest.mark.parametrize(
    ("name", "packed", "said"),
    [
        ("facebook-ann-2024-03-01-Ab.zip", "2023-01-01", "2024-03-01"),
        ("facebook-ANN-03_01_2024-xy.zip", "2023-01-01", "2024-03-01"),
        ("facebook-ann-31_12_2024.zip", "2023-01-01", "2024-12-31"),
        ("mine.zip", "2024-03-01", "2024-03-01"),
        ("mine.zip", "2024-01-31", None),
        ("mine.zip", "2023-12-01", None),
        ("mine.zip", "1980-01-01", None),
        ("facebook-ann-2023-12-31-Ab.zip", "2024-03-01", None),
    ],
)
def test_an_archive_that_ends_long_before_it_was_asked_for(
    tmp_path: Path, screen: Screened, name: str, packed: str, said: str | None
) -> None:
    threads = {"inbox/bo_22222222222": thread(("Bo", "Ann"), turns("Bo", 120), "2023-09-01", DAY)}
    archive = zipped(download(tmp_path / "unpacked", threads), tmp_path / name, packed)
    drawn = screen(archive)
    if said:
        assert (
            f"\nwarning: {name} was asked for on {said}, yet the newest message is of 2023-12-29: what followed is "
            "probably in Messenger's download of end-to-end encrypted chats. On a computer, " in drawn
        )
    else:
        assert "warning" not in drawn


def test_an_old_download_ends_where_it_ends(tmp_path: Path, screen: Screened) -> None:
    threads = {"inbox/bo_22222222222": thread(("Bo", "Ann"), turns("Bo", 120), "2019-01-01", DAY)}
    folder = tmp_path / "facebook-ann-2023-11-30-Ab"
    assert "warning" not in screen(download(folder, threads))
    newer = folder.rename(tmp_path / "facebook-ann-2024-11-30-Ab")
    assert "warning: facebook-ann-2024-11-30-Ab was asked for on 2024-11-30" in screen(newer)
    both = tmp_path / "both"
    both.mkdir()
    newer.rename(both / newer.name)
    encrypted(both / "messages" / "Bo_1.json", "Bo", turns("Bo", 9), "2019-06-01")
    assert "warning" not in screen(both)


def test_names_come_out_as_they_are(tmp_path: Path, screen: Screened) -> None:
    odd = {
        r"a\[bold]x[/bold] :dog:": chatter(120),
        "Bell\x07 \x1b[31mred": chatter(110),
        "back\u202eward": chatter(105),
    }
    shown = screen(write_archive(tmp_path / ":key:", odd))
    assert shown.count(r"a\[bold]x[/bold] :dog:") == 5
    assert not {"🐶", "🔑", "\x1b", "\x07", "\u202e"} & set(shown)
    assert "Bell [31mred, 71 typed" in shown
    assert "FRIEND=friend_1   (Bell [31mred, " in shown
    assert "FRIEND=friend_2   (backward, " in shown


def test_columns_hold_whatever_the_direction_of_a_name(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a", {"דנה כהן": chatter(120), "王小明": chatter(110), "Sam 🎉": chatter(104)})
    drawn = plain(on_terminal(80, archive))
    assert [line for line in drawn.splitlines() if "████" in line] == [
        "דנה כהן\u200e     78  ████    65%       5    12%  2020-09-13  2020-09-15         42",
        "王小明      71  ████    64%       5    13%  2020-09-13  2020-09-15         39",
        "Sam 🎉      67  ████    64%       5    12%  2020-09-13  2020-09-15         37",
    ]
    assert "FRIEND='דנה כהן'\n" in drawn


def test_two_threads_of_one_name_are_told_apart_by_id(tmp_path: Path, screen: Screened) -> None:
    archive = write_archive(tmp_path / "a", {"Hal": chatter(120)})
    write_archive(tmp_path / "b", {"x": chatter(4), "Hal": chatter(110)})
    moved = tmp_path / "b" / "your_facebook_activity" / "messages" / "inbox" / "friend_1"
    moved.rename(archive / "your_facebook_activity" / "messages" / "inbox" / "friend_1")
    drawn = screen(archive, "--owner", ME)
    assert (
        f"\nTo learn from Hal, with parse.owner: {ME} in params.yaml:\n  make repro ARCHIVE={archive} FRIEND=friend_0\n"
        in drawn
    )
    assert "\nFor another friend put:\n  FRIEND=friend_1   (Hal, 71 typed)\n" in drawn
    assert drawn.endswith(f'\n  python src/stats.py {archive} --thread friend_0 --owner "{ME}"\n')
    assert len(json.loads(screen(archive, "--owner", ME, "--thread", "hal", "--json"))["threads"]) == 2


def test_only_the_top(tmp_path: Path, screen: Screened) -> None:
    friends = {f"Friend {number}": chatter(140 - number) for number in range(4)}
    drawn = screen(write_archive(tmp_path / "a", {**friends, "Few": chatter(8), "Fewer": chatter(5)}), "--top", "2")
    assert "\nFriend 1 " in drawn
    assert "\nFriend 2 " not in drawn
    assert "\n2 more; --top 4 shows all\n" in drawn
    assert "\n1 more; --thread NAME says why\n" in drawn
    assert "\nFor another friend put FRIEND='Friend 1', and so on.\n" in drawn


def test_an_archive_without_anyone_to_learn_from(tmp_path: Path, screen: Screened) -> None:
    expected = f"""\
Archive of {ME}: 9 typed of 9 messages in 1 thread
  a: Messenger JSON, 9 messages, 2020-09-13 to 2020-09-13

typed a year   letters: Latin
9 in 2020

no thread can be learned from
{FRIEND}  9 typed  it holds 9 typed messages and 100 are needed
"""
    assert screen(write_archive(tmp_path / "a", {FRIEND: chatter(9)}), "--owner", ME) == expected


def test_a_terminal_that_knows_ascii_alone(two: Path) -> None:
    drawn = on_terminal(80, two, PYTHONIOENCODING="ascii")
    assert drawn.isascii()
    assert "\n####  ####  ####  ####  ####  ####\n2019  2020  2021  2022  2023  2024\n" in plain(drawn)
    assert "\nBo O'Neil     80  ....99......  " in plain(drawn)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("stats: ")
    assert result.stderr.count("\n") == 1


def test_errors_speak_of_the_options_here(tmp_path: Path, screen: Screened) -> None:
    archive = write_archive(tmp_path / "a", {"Hal": chatter(120)})
    with pytest.raises(ArchiveError, match="does not say whose it is: give your name in it with --owner; candidates: "):
        screen(archive)
    with pytest.raises(ArchiveError, match="--owner 'Cy' is in no chat of the archive"):
        screen(archive, "--owner", "Cy")
    with pytest.raises(ThreadError, match="there is no thread with Cy; those with most messages are: Hal"):
        screen(archive, "--owner", ME, "--thread", "Cy")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
@example("O'Neil")
@example("a\\'b\\")
@example("Jo, Ann")
@example("on")
@example("${x} `y` $z !")
def test_dvc_reads_an_override_back_as_it_was(value: str) -> None:
    import shlex

    from dvc.utils.hydra import to_hydra_overrides
    from omegaconf import OmegaConf

    flag, word = shlex.split(cli.override("filter.friend", value))
    assert flag == "-S"
    (override,) = to_hydra_overrides([word])
    assert OmegaConf.create({"friend": override.value()})["friend"] == value


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_shell_reads_an_assignment_back_as_it_was(value: str) -> None:
    import shlex

    assert shlex.split(cli.assignment("FRIEND", value)) == [f"FRIEND={value}"]
