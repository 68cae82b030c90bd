"""The Makefile: words from people arrive untouched, and the environment is made only when it must be."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MAKE = shutil.which("make")
NASTY = [
    'O\'Neil & "Ann"',
    "$HOME $(shell touch pwned) ${x} $$ $",
    "`touch pwned`; touch pwned | #1 \\ \\n %s !! * ? ~",
    "🦊 Zoë, שם = : := += (a",
    "-rf",
    "on",
    "123",
]
OURS = re.compile("ARCHIVE|ARGS|DATA_DIR|ENGINE|FRIEND|GPU|LC_|MAKE|ORIGINAL_PATH|PY|UV_")
RELAY = """\
#!/bin/sh
# Stands for the environment's Python: set_params.py is run, the rest is named.
case $1 in src/set_params.py) exec "{python}" "$@" ;; *) echo "ran: $*" ;; esac
"""

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A repository whose own path holds a blank and an apostrophe, with an environment that only says what it does."""
    house = tmp_path / "it's a clone"
    (house / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "uv.lock", "params.yaml"):
        shutil.copy(ROOT / name, house)
    (house / "src").mkdir()
    shutil.copy(ROOT / "src" / "set_params.py", house / "src")
    (house / "src" / "friendbot").symlink_to(ROOT / "src" / "friendbot")
    script(house / ".venv" / "bin" / "python", RELAY.format(python=sys.executable))
    (house / ".venv" / ".made-cpu").touch()
    return house


def script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def make(house: Path, *arguments: str, **words: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return subprocess.run(
        [str(MAKE), *arguments],
        cwd=house,
        env={**inherited, "LC_ALL": "C", **words},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("through", ["environment", "command line"])
@pytest.mark.parametrize("word", NASTY)
def test_any_path_and_name_arrive_byte_for_byte(house: Path, tmp_path: Path, word: str, through: str) -> None:
    archive = tmp_path / word
    archive.mkdir()
    words = {"ARCHIVE": str(archive), "FRIEND": word}
    if through == "environment":
        result = make(house, "repro", **words)
    else:
        result = make(house, "repro", *(f"{name}={value}" for name, value in words.items()))
    assert (result.returncode, result.stderr) == (0, "")
    params = yaml.safe_load((house / "params.yaml").read_text(encoding="utf-8"))
    assert (params["parse"]["archive"], params["filter"]["friend"]) == (str(archive), word)
    assert result.stdout.splitlines()[-3:-1] == ["ran: -m dvc repro", "ran: src/summary.py"]
    assert not [*tmp_path.rglob("pwned")]


def test_a_bad_archive_stops_before_the_pipeline(house: Path) -> None:
    result = make(house, "repro", "ARCHIVE=/nowhere")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("set_params: ARCHIVE: /nowhere does not exist\nmake: ***")


def test_without_words_the_params_stay(house: Path) -> None:
    result = make(house, "repro")
    assert result.stdout == (
        "ran: -m dvc repro\n"
        "ran: src/summary.py\n"
        "Your own archive: .venv/bin/python src/stats.py /path/to/facebook-NAME\n"
    )
    assert (house / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_targets_and_their_help(house: Path) -> None:
    shown = make(house)
    text = (house / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.*## ", text, re.MULTILINE)
    assert shown.returncode == 0
    assert re.findall(r"^make (\w+)", shown.stdout, re.MULTILINE) == targets
    assert {
        *["help", "setup", "repro", "test", "soak", "lint", "chat", "serve", "clean", "forget", "build", "run"]
    } == {*targets}
    assert make(house, "test", "ARGS=-k name").stdout == "ran: -m pytest -k name\n"
    assert make(house, "chat", "ARGS=--once hi").stdout == "ran: src/chat.py --once hi\n"


def test_environment_is_made_again_only_after_a_change(house: Path) -> None:
    assert make(house, "--question", "setup").returncode == 0
    assert make(house, "--question", "setup", "GPU=1").returncode == 1
    stamp = (house / ".venv" / ".made-cpu").stat()
    os.utime(house / "uv.lock", (stamp.st_atime + 10, stamp.st_mtime + 10))
    assert make(house, "--question", "setup").returncode == 1


def test_cuda_libraries_stay_until_they_are_sent_away(house: Path) -> None:
    (house / ".venv" / ".made-cpu").rename(house / ".venv" / ".made-gpu")
    assert make(house, "--question", "setup").returncode == 0
    assert make(house, "--question", "setup", "GPU=0").returncode == 1


def test_no_python_is_one_line(house: Path, tmp_path: Path) -> None:
    shutil.rmtree(house / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    result = make(house, "setup", "PYTHON=/bin/false")
    assert "make: PYTHON: /bin/false does not run, or is not Python 3.11, 3.12 or 3.13\n" in result.stderr
    script(tools / "python3.11", "#!/bin/sh\nexit 127\n")
    result = make(house, "setup", "SHELL=/bin/sh", PATH=str(tools))
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        "make: no Python 3.11, 3.12 or 3.13 was found; install one, or name it: make setup PYTHON=/path/to/python3.11"
    )


def test_python_without_venv_names_the_package(house: Path, tmp_path: Path) -> None:
    shutil.rmtree(house / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    python = tools / "python3"
    script(python, f'#!/bin/sh\ncase $2 in *ensurepip*) exit 1 ;; *) exec "{sys.executable}" "$@" ;; esac\n')
    result = make(house, "setup", PATH=str(tools))
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        f"make: {python} cannot make environments (on Debian and Ubuntu: apt install python3-venv)"
    )


def test_a_recent_uv_on_path_is_used(house: Path, tmp_path: Path) -> None:
    shutil.rmtree(house / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    for name in ("rm", "touch", "mkdir"):
        (tools / name).symlink_to(str(shutil.which(name)))
    uv = '[ "$1" != --version ] || { echo "uv 0.99.1 (abc)"; exit; }; mkdir .venv; echo "uv $*: $UV_PYTHON" >> said\n'
    script(tools / "uv", f"#!/bin/sh\n{uv}")
    for arguments in (["setup"], ["setup"], ["setup", "GPU=1"]):
        result = make(house, *arguments, PATH=str(tools))
        assert result.returncode == 0, result.stderr
    said = (house / "said").read_text(encoding="utf-8")
    assert said.splitlines()[0] == f"uv sync --locked --quiet: {tools}/python3"
    assert said.splitlines()[1].startswith("uv sync --locked --quiet --extra gpu: ")
    assert [path.name for path in (house / ".venv").glob(".made-*")] == [".made-gpu"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_container_gets_archive_and_friend_untouched(house: Path, tmp_path: Path, kind: str) -> None:
    data = tmp_path / 'my, "old": $chats'
    data.mkdir() if kind == "folder" else data.touch()
    engine = tmp_path / "engine"
    script(engine, '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\nprintf "FRIEND=%s\\n" "$FRIEND"\n')
    result = make(house, "run", f"DATA_DIR={data}", "FRIEND=$(id) O'Neil", f"ENGINE={engine}")
    assert (result.returncode, result.stderr) == (0, "")
    words = result.stdout.splitlines()
    mount = next(csv.reader([words[words.index("--mount") + 1]]))
    inside = "/archive" if kind == "folder" else f"/archive/{data.name}"
    assert mount == ["type=bind", f"source={data}", f"target={inside}", "readonly"]
    assert words[words.index("--network") + 1] == "none"
    assert words[-2:] == ["friendbot", "FRIEND=$(id) O'Neil"]
    missing = make(house, "run", "DATA_DIR=/nowhere", f"ENGINE={engine}")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.splitlines()[0] == "make: DATA_DIR: /nowhere does not exist"


def test_makefile_and_image_bring_the_same_uv() -> None:
    makefile = re.search(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    image = re.search(r" uv==(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert makefile is not None
    assert image is not None
    assert makefile[1] == image[1]
