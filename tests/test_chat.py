"""Whole transcripts: what a person types, what the screen shows."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from conftest import ROOT, lines

from friendbot import dialogue, transcripts
from friendbot.conversation import Utterance

CTRL_C = b"\x03"
CHAT = [sys.executable, str(ROOT / "src" / "chat.py")]


def run(*arguments: str | Path, typed: str = "", home: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(home / "src" / "chat.py"), *map(str, arguments)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, encoding="utf-8", check=False)


def test_once_answers_in_lines_and_repeats_with_the_seed(trained: Path) -> None:
    first = run("--model", trained / "model", "--once", "How are you?", "--seed", "4")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.endswith("\n")
    assert first.stdout.strip()
    assert run("--model", trained / "model", "--once", "How are you?", "--seed", "4").stdout == first.stdout
    again = (run("--model", trained / "model", "--once", "How are you?", "--seed", seed) for seed in ("5", "6"))
    others = {result.stdout for result in again}
    assert others != {first.stdout}


def test_a_pipe_gets_answers_alone_and_the_state_is_carried(trained: Path) -> None:
    both = run("--model", trained / "model", "--temperature", "0", typed="How are you?\n\nDid you sleep?\n")
    once = run("--model", trained / "model", "--temperature", "0", "--once", "How are you?")
    assert both.returncode == 0
    assert both.stdout.startswith(once.stdout)
    assert both.stdout.count("\n") > once.stdout.count("\n")
    assert "How" not in both.stdout


def test_in_a_pipe_a_slash_is_a_message_and_a_transcript_has_it_all(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    options = ["--model", str(trained / "model"), "--seed", "1"]
    said = run(*options, "--transcript", path, typed="/again\n").stdout.splitlines()
    assert transcripts.read(path) == [
        Utterance("me", "/again", True),
        *(Utterance("friend", message) for message in said),
    ]
    resumed = run(*options, "--load", path, typed="Coffee?\n")
    whole = run(*options, typed="/again\nCoffee?\n")
    assert said + resumed.stdout.splitlines() == whole.stdout.splitlines()


def test_a_talk_goes_on_from_the_thread(house: Path, trained: Path) -> None:
    prime = ["--model", str(trained / "model"), "--once", "Hi", "--temperature", "0", "--prime", "3"]
    missing = run(*prime, home=house)
    thread = house / "data" / "thread.parquet"
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr == f"chat: {thread} is missing or damaged; run `dvc repro -f filter`\n"
    dialogue.write(lines(), thread)
    path = house / "talk.jsonl"
    assert run(*prime, "--transcript", path, home=house).returncode == 0
    assert [utterance.text for utterance in transcripts.read(path)][:4] == [*(line.text for line in lines()[-3:]), "Hi"]
    dialogue.write([line._replace(sender="Bob") if line.speaker == "friend" else line for line in lines()], thread)
    other = run(*prime, home=house)
    assert other.returncode == 2
    assert other.stderr.startswith("chat: data/thread.parquet is between Ann Marie O'Neil and Bob, this model is Zoë")


def test_a_talk_goes_on_in_its_own_transcript(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    options = ["--model", str(trained / "model"), "--transcript", str(path), "--friend-name", "\udcff"]
    assert run(*options, "--once", "Hi").returncode == 0
    first = transcripts.read(path)
    assert run(*options, "--once", "And?", "--load", path).returncode == 0
    both = transcripts.read(path)
    assert both[: len(first) + 1] == [*first, Utterance("me", "And?")]
    assert [utterance.text for utterance in both].count("Hi") == 1


def test_save_dir_takes_the_newest_checkpoint(trained: Path) -> None:
    (newest,) = (trained / "checkpoints").glob("*/epoch-0003")
    by_root = run("--save-dir", trained / "checkpoints", "--once", "Hi", "--seed", "1")
    by_folder = run("--save-dir", newest, "--once", "Hi", "--seed", "1")
    assert by_root.returncode == 0
    assert by_root.stdout == by_folder.stdout


def test_it_never_imports_what_training_needs(trained: Path) -> None:
    code = (
        "import runpy, sys\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally: print({'tensorflow', 'keras', 'pydantic', 'pyarrow', 'dvc', 'rich', 'prompt_toolkit', 'wcwidth'}"
        " & set(sys.modules), file=sys.stderr)"
    )
    arguments = [str(ROOT / "src" / "chat.py"), "--model", str(trained / "model")]
    setup = f"import sys; sys.argv = {arguments!r}; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
    result = subprocess.run(
        [sys.executable, "-c", setup + code], input="Hi\n", capture_output=True, text=True, check=True
    )
    assert result.stdout
    assert result.stderr == "set()\n"


def test_ctrl_c_while_modules_load_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = subprocess.run([*CHAT, "--once", "Hi"], capture_output=True, text=True, check=False, env=environment)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The chat alone, where no model was made yet."""
    for part in ("chat.py", "friendbot"):
        source = ROOT / "src" / part
        target = tmp_path / "src" / part
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def test_without_a_model_it_says_how_to_make_one(house: Path) -> None:
    result = run("--once", "Hi", home=house)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "chat: there is no model yet; `make repro` makes one, its first checkpoint comes soon\n"


@pytest.mark.parametrize("arguments", [["--rev", "HEAD"], ["--compare", "HEAD~1", "HEAD"]])
def test_other_revisions_need_git(house: Path, arguments: list[str]) -> None:
    result = run(*arguments, "--once", "Hi", home=house)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"chat: {house} has no git history")


def test_while_training_runs_it_talks_to_the_newest_checkpoint(house: Path, trained: Path) -> None:
    shutil.copytree(trained / "checkpoints", house / "checkpoints")
    result = run("--once", "Hi", home=house)
    assert result.returncode == 0
    (newest,) = (house / "checkpoints").glob("*/epoch-0003")
    assert result.stderr == f"no finished model yet: this is Zoë Ångström in checkpoint {newest}\n"


def test_the_tracked_model_and_its_evaluation_are_the_default(house: Path, trained: Path) -> None:
    folder = house / "models" / "friend"
    shutil.copytree(trained / "model", folder)
    (folder / "evaluation.json").write_text('{"format": 1, "decoding": {"temperature": 0}}')
    cold = run("--once", "How are you?", "--temperature", "0", home=house)
    assert run("--once", "How are you?", "--seed", "8", home=house).stdout == cold.stdout
    (folder / "evaluation.json").write_text("{}")
    broken = run("--once", "Hi", home=house)
    assert broken.returncode == 2
    assert "evaluation.json is damaged" in broken.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "hot"], "argument --temperature: invalid temperature value: 'hot'"),
        (["--temperature", "-1"], "argument --temperature: invalid"),
        (["--temperature", "nan"], "argument --temperature: invalid"),
        (["--seed", "-1"], "argument --seed: invalid"),
        (["--prime", "0"], "argument --prime: invalid prime value: '0'"),
        (["--prime", "1", "--load", "a"], "argument --load: not allowed with argument --prime"),
        (["--compare", "HEAD"], "argument --compare: expected 2 arguments; --help lists the options"),
        (["--compare", "HEAD", "HEAD"], "argument --compare: that is one revision twice"),
        (["--rev", ""], "no commit, tag, branch or experiment is called ''"),
        (["--once", " "], "argument --once: there is nothing in it to answer"),
        (["--nonsense"], "unrecognized arguments: --nonsense; --help lists the options"),
        (["--model", "a", "--save-dir", "b"], "argument --save-dir: not allowed with argument --model"),
        (["--model", "/nowhere"], "/nowhere is not a model folder"),
        (["--save-dir", "/nowhere"], "/nowhere does not exist"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str) -> None:
    result = run("--once", "Hi", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"chat: {message}")
    assert result.stderr.count("\n") == 1


OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def on_a_terminal(
    typed: list[tuple[str, bytes]], *arguments: str | Path, command: list[str] = CHAT, **environment: str
) -> tuple[str, int]:
    """Run the chat on a pseudo-terminal, and return the screen and the exit status.

    Each of `typed` waits for some words to appear, after those that the one before waited for, and is then typed.
    """
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, *command, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", **environment},
    )
    os.close(terminal)
    shown, place, silences = b"", 0, 0
    waiting = [(words.encode(), keys) for words, keys in typed]
    while silences < 20:
        if not select.select([screen], [], [], 1)[0]:
            silences += 1
            if typed[-1][1] == CTRL_C and not waiting:  # input() misses one between its prompt and its wait
                os.write(screen, CTRL_C)
            continue
        try:
            shown += os.read(screen, 4096)
        except OSError:  # the other end was closed
            break
        if waiting and (found := shown.find(waiting[0][0], place)) >= 0:
            words, keys = waiting.pop(0)
            place = found + len(words)
            os.write(screen, keys)
    else:
        process.kill()
    os.close(screen)
    return shown.decode().replace("\r\n", "\n"), process.wait()


NAMES = ("--my-name", "Ann", "--friend-name", "Zoë")
GREETING = (
    "A bot that learned from 320 messages up to 2020-09-19. Nobody is there. /help lists commands, Ctrl-D ends.\n"
)


def test_a_conversation_on_a_plain_terminal(trained: Path) -> None:
    answer = run("--model", trained / "model", "--once", "How are you?", "--seed", "1").stdout
    screen, status = on_a_terminal(
        [("Ann: ", b"How are you?\r"), ("Ann: ", b"\r"), ("Ann: ", b"/undo\r"), ("Ann: ", b"\x04")],
        *("--model", trained / "model", "--seed", "1", *NAMES),
        TERM="dumb",
    )
    spoken = "".join(f"Zoë: {line}\n" for line in answer.splitlines())
    assert screen == (f"{GREETING}Ann: How are you?\n{spoken}Ann: \nAnn: /undo\nTaken back; nothing is left\nAnn: \n")
    assert status == 0


def test_without_prompt_toolkit_it_is_plain_and_says_so(trained: Path) -> None:
    block = (
        "import runpy, sys; sys.modules['prompt_toolkit'] = None\n"
        "sys.argv.pop(0); sys.path.insert(0, sys.argv.pop(0))\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", block, str(ROOT / "src"), *CHAT[1:]]
    screen, status = on_a_terminal(
        [("Ann: ", b"\x04")], "--model", trained / "model", *NAMES, command=command, TERM="xterm-256color"
    )
    assert screen == f"plain input, without pauses: prompt_toolkit is not installed\n{GREETING}Ann: \n"
    assert status == 0


PROMPT, COLOUR = "\x1b[?2004h", re.compile(r"\x1b\[[\d;]*[34]8;")
"""What prompt_toolkit writes when it begins to read, and colours."""


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_conversation_in_bubbles(trained: Path, no_color: str) -> None:
    answer = run("--model", trained / "model", "--once", "How are you?", "--seed", "1").stdout
    screen, status = on_a_terminal(
        [(PROMPT, b"How are you?\r"), (PROMPT, b"/quit\r")],
        *("--model", trained / "model", "--seed", "1", "--instant", *NAMES),
        TERM="xterm-256color",
        NO_COLOR=no_color,
    )
    assert status == 0
    assert bool(COLOUR.search(screen)) is not bool(no_color)
    place = screen.index("How are you? ")
    for line in ["Zoë", *answer.splitlines()]:
        place = screen.index(line, place)


def test_ctrl_c_in_an_answer_gives_the_prompt_back(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    screen, status = on_a_terminal(
        [(PROMPT, b"How are you?\r"), ("Zoë is typing", CTRL_C), (PROMPT, b"never mind" + CTRL_C + b"\x04")],
        *("--model", trained / "model", "--seed", "1", "--transcript", path, *NAMES),
        TERM="xterm-256color",
    )
    assert "stopped" in screen
    assert transcripts.read(path) == [Utterance("me", "How are you?", True)]
    assert status == 0


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_ctrl_c_ends_it_quietly(trained: Path, term: str) -> None:
    first = "Ann: " if term == "dumb" else PROMPT
    screen, status = on_a_terminal([(first, CTRL_C)], "--model", trained / "model", "--my-name", "Ann", TERM=term)
    assert status == 130
    assert "Traceback" not in screen
