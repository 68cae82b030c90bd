import json
import subprocess
import sys
from pathlib import Path

from conftest import FRIEND, ROOT, chatter, write_archive
from hypothesis import example, given
from hypothesis import strategies as st

from friendbot import cli


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "src" / "stats.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_table_and_the_commands(tmp_path: Path) -> None:
    talk = [("me", "a"), ("friend", "b"), ("friend", "c"), ("me", "d")] * 25
    threads = {FRIEND: chatter(160), "Bo [O'x]": talk, "Cy": [("me", "hi")] * 3, "Di": chatter(9)}
    archive = write_archive(tmp_path / "mine", threads)
    result = run(archive)
    assert result.stderr == ""
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "Archive of Ann Marie O'Neil: 272 messages in 4 threads, 2020-09-13 to 2020-09-16",
        "",
        "thread        typed  by whom                               not typed  from        to          to learn from",
        "Zoë Ångström    160  Zoë Ångström 101 (63%), you 59 (37%)             2020-09-13  2020-09-16  yes",
        "Bo [O'x]        100  you 50 (50%), Bo [O'x] 50 (50%)                  2020-09-13  2020-09-15  yes",
        "Di                9  Di 5 (56%), you 4 (44%)                          2020-09-13  2020-09-13  "
        "no: it holds 9 typed messages and 100 are",
        " " * 94 + "needed",
        "Cy                3  you 3 (100%), Cy 0 (0%)                          2020-09-13  2020-09-13  "
        "no: Cy never typed a message in it",
        "",
        "To learn from one of them:",
        f"  make repro ARCHIVE={archive} FRIEND='Zoë Ångström'",
        f'  make repro ARCHIVE={archive} FRIEND="Bo [O\'x]"',
        "Or as an experiment, to compare with others in `dvc exp show`:",
        f"  dvc exp run -S \"parse.archive='{archive}'\" -S \"filter.friend='Zoë Ångström'\"",
    ]


def test_json(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", {FRIEND: chatter(160), "Bo": [("me", "a"), ("friend", "b")]})
    found = json.loads(run(archive, "--json").stdout)
    assert found["owner"] == "Ann Marie O'Neil"
    first, second = found["threads"]
    assert first["typed"] == {FRIEND: 101, "Ann Marie O'Neil": 59}
    assert first["commands"]["repro"] == f"make repro ARCHIVE={archive} FRIEND='Zoë Ångström'"
    assert (second["two_party"], second["first"], second["kinds"]) == (True, "2020-09-13", {"text": 2})
    assert (second["refusal"], second["commands"]) == ("it holds 2 typed messages and 100 are needed", None)


def test_names_come_out_as_they_are(tmp_path: Path) -> None:
    odd = {r"a\[bold]x[/bold] :dog:": chatter(120), "Bell\x07 \x1b[31mred": chatter(9)}
    shown = run(write_archive(tmp_path / ":key:", odd)).stdout
    assert shown.count(r"a\[bold]x[/bold] :dog:") == 4
    assert "🐶" not in shown
    assert "🔑" not in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_two_threads_of_one_name_are_told_apart_by_id(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a", {"Hal": chatter(120)})
    write_archive(tmp_path / "b", {"x": chatter(4), "Hal": chatter(110)})
    moved = tmp_path / "b" / "your_facebook_activity" / "messages" / "inbox" / "friend_1"
    moved.rename(archive / "your_facebook_activity" / "messages" / "inbox" / "friend_1")
    found = json.loads(run(archive, "--json", "--owner", "Ann Marie O'Neil").stdout)
    commands = [thread["commands"]["repro"] for thread in found["threads"]]
    assert len(commands) == 2
    assert all("Hal" not in command for command in commands)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("stats: ")
    assert result.stderr.count("\n") == 1


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
