"""What the image starts: the pipeline in the volume of results, then a chat; or the command that is given.

The volume at /results holds a copy of the repository, so that all that a run leaves behind (checkpoints, model, cache,
experiments, chosen params) is there for the next one. The archive is mounted, read-only, at /archive.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from friendbot import errors, params
from friendbot.errors import FriendbotError
from set_params import PARAMS, SETTINGS, replace

IMAGE, RESULTS, ARCHIVE = Path("/app"), Path("/results"), Path("/archive")
SCRIPTS = {"chat": "src/chat.py", "stats": "src/stats.py", "forget": "src/forget.py"}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # process 1 ignores what it does not handle
    move_in()
    match sys.argv[1:]:
        case []:
            if reproduce() and sys.stdin.isatty():
                execute("chat")
        case ["repro"]:
            reproduce()
        case ["stats", *rest] if not any(Path(word).exists() for word in rest):
            execute("stats", *rest, str(ARCHIVE))
        case [word, *rest]:
            execute(word, *rest)


def move_in() -> None:
    """Make the volume hold the image's repository, and the image's version of it, with the params that name a friend.

    Raises:
        FriendbotError: the volume cannot be written by this user.
    """
    if not os.access(RESULTS, os.W_OK):
        raise FriendbotError(f"user {os.getuid()} cannot write to {RESULTS}, which belongs to {RESULTS.stat().st_uid}")
    os.chdir(RESULTS)
    if not Path(".git").exists():
        new = Path(".git.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(IMAGE / ".git", new)
        new.rename(".git")
        run("git", "reset", "--quiet", "--hard")
        return
    image = subprocess.check_output(["git", "-C", IMAGE, "rev-parse", "HEAD"], text=True).strip()
    known = subprocess.run(["git", "merge-base", "--is-ancestor", image, "HEAD"], capture_output=True, check=False)
    if known.returncode:
        chosen = params.load()
        run("git", "branch", "--force", "before-update", "HEAD")
        run("git", "fetch", "--quiet", str(IMAGE), "HEAD")
        run("git", "reset", "--quiet", "--hard", "FETCH_HEAD")
        text = PARAMS.read_text(encoding="utf-8")
        for name, value in (("ARCHIVE", chosen.parse.archive), ("FRIEND", chosen.filter.friend)):
            _, text = replace(text, *SETTINGS[name], value)
        PARAMS.write_text(text, encoding="utf-8")
        print("The image is not the one that this volume is from: its code and params.yaml were brought in.")


def reproduce() -> bool:
    """Run the pipeline on the mounted archive, or on the demo's; true if there is a bot to talk to then.

    Without a friend's name the archive's threads are shown instead. A volume whose archive is not mounted this time
    keeps its bot.
    """
    friend = os.environ.get("FRIEND")
    if ARCHIVE.exists():
        if not friend:
            run(sys.executable, SCRIPTS["stats"], str(ARCHIVE))
            print("\nWhose voice? Say it with FRIEND: make run DATA_DIR=... FRIEND='Friend Name'")
            return False
        os.environ["ARCHIVE"] = str(ARCHIVE)
    elif params.load().parse.archive == str(ARCHIVE):
        print(f"Nothing is mounted at {ARCHIVE}: this is the bot that the volume holds.", flush=True)
        run(sys.executable, "src/summary.py", "--next", "make run ARGS=chat")
        return True
    else:
        os.environ.pop("ARCHIVE", None)
    with alone():
        if friend:
            run(sys.executable, "src/set_params.py")
        run(sys.executable, "-m", "dvc", "repro")
    run(sys.executable, "src/summary.py", "--next", "make run ARGS=chat")
    return True


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second pipeline off the volume.

    DVC knows another one by its process number, which means nothing outside of that one's container: what a killed
    container left would be taken for a process of this one.

    Raises:
        FriendbotError: another container is at work on this volume.
    """
    with Path(".git/pipeline.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FriendbotError(
                "another container's pipeline is at work on this volume; `chat` works meanwhile"
            ) from None
        Path(".dvc/tmp/rwlock").unlink(missing_ok=True)
        yield


def run(*command: str) -> None:
    """Run a command; if it fails, end with its status, since it has said why."""
    if status := subprocess.run(command, check=False).returncode:
        sys.exit(status)


def execute(word: str, *rest: str) -> None:
    """Become the command: one of our scripts by its short name, else any program."""
    command = [sys.executable, SCRIPTS[word], *rest] if word in SCRIPTS else [word, *rest]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise FriendbotError(f"{word}: {error.strerror}; known are {', '.join(SCRIPTS)}, repro, and programs") from None


if __name__ == "__main__":
    errors.run(main)
