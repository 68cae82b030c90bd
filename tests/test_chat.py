"""Whole transcripts: what a person types, what the screen shows."""

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

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


def test_save_dir_takes_the_newest_checkpoint(trained: Path) -> None:
    (newest,) = (trained / "checkpoints").glob("*/epoch-0003")
    by_root = run("--save-dir", trained / "checkpoints", "--once", "Hi", "--seed", "1")
    by_folder = run("--save-dir", newest, "--once", "Hi", "--seed", "1")
    assert by_root.returncode == 0
    assert by_root.stdout == by_folder.stdout


def test_it_never_imports_what_training_needs(trained: Path) -> None:
    code = (
        "import sys, runpy; sys.argv[1:] = sys.argv[2:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print({'tensorflow', 'keras', 'pydantic', 'pyarrow', 'dvc', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    script = str(ROOT / "src" / "chat.py")
    arguments = ["--model", str(trained / "model"), "--once", "Hi"]
    setup = f"import sys; sys.argv = ['-c', {script!r}, *{arguments!r}]; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
    program = setup + code.replace("sys.argv[1:] = sys.argv[2:]", "sys.argv.pop(0)")
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout
    assert result.stderr == "set()\n"


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
        (["--nonsense"], "unrecognized arguments: --nonsense; --help lists the options"),
        (["--model", "a", "--save-dir", "b"], "argument --save-dir: not allowed with argument --model"),
        (["--model", "/nowhere"], "/nowhere is not a model folder"),
        (["--save-dir", "/nowhere"], "/nowhere does not exist"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str) -> None:
    result = run(*arguments, "--once", "Hi")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"chat: {message}")
    assert result.stderr.count("\n") == 1


OWN_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background has it ignored
os.execv(sys.argv[1], sys.argv[1:])
"""


def on_a_terminal(typed: list[bytes], *arguments: str) -> tuple[str, int]:
    """Run the chat on a pseudo-terminal, type when it asks, and return the screen and the exit status."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, *CHAT, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(terminal)
    shown = b""
    waiting, silences = list(typed), 0
    while silences < 20:
        if not select.select([screen], [], [], 1)[0]:
            silences += 1
            if typed == [CTRL_C]:  # input() misses one that comes between its prompt and its wait: people press again
                os.write(screen, CTRL_C)
            continue
        try:
            shown += os.read(screen, 4096)
        except OSError:  # the other end was closed
            break
        if shown.endswith(b"Ann: ") and waiting:
            os.write(screen, waiting.pop(0))
    else:
        process.kill()
    os.close(screen)
    return shown.decode().replace("\r\n", "\n"), process.wait()


def test_a_conversation_on_a_terminal(trained: Path) -> None:
    answer = run("--model", trained / "model", "--once", "How are you?", "--seed", "1").stdout
    names = ["--my-name", "Ann", "--friend-name", "Zoë"]
    screen, status = on_a_terminal(
        [b"How are you?\r", b"\x04"], "--model", str(trained / "model"), "--seed", "1", *names
    )
    assert status == 0
    spoken = "".join(f"Zoë: {line}\n" for line in answer.splitlines())
    assert screen == (
        "A bot that learned from 320 messages up to 2020-09-19. Nobody is there. Ctrl-D ends.\n"
        f"Ann: How are you?\n{spoken}Ann: \n"
    )


def test_ctrl_c_ends_it_quietly(trained: Path) -> None:
    screen, status = on_a_terminal([CTRL_C], "--model", str(trained / "model"), "--my-name", "Ann")
    assert status == 130
    assert "Traceback" not in screen
