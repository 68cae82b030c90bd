"""`make forget` leaves nothing of an archive behind, touches nothing else, and asks first."""

import json
import os
import pty
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORGET = [sys.executable, str(ROOT / "src" / "forget.py")]
FRIEND, WORDS, EXPERIMENT = "Quenby Zzyzx", "xylophonic", "quenby-small"
PARAMS = "parse:\n  archive: data/demo\n  owner: null\nfilter:\n  friend: Demo\n"
STAGE = """\
import pathlib, yaml
params = yaml.safe_load(open("params.yaml"))
text = "".join(path.read_text() for path in pathlib.Path(params["parse"]["archive"]).rglob("*.txt"))
for name in ("data/messages.parquet", "reports/samples.md", "models/friend/card.json", "checkpoints/1/model.json"):
    pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(name).write_text(params["filter"]["friend"] + text)
pathlib.Path("reports/metrics.json").write_text(str(len(text)))
"""
PIPELINE = {
    "stages": {
        "parse": {
            "cmd": f"{shlex.quote(sys.executable)} stage.py",
            "deps": ["${parse.archive}", "stage.py"],
            "params": ["parse", "filter"],
            "outs": ["data/messages.parquet", "reports/samples.md", "models/friend/card.json"],
            "metrics": [{"reports/metrics.json": {"cache": False}}],
        }
    }
}
IGNORED = "/data/*\n!/data/demo/\n/models/\n/checkpoints/\n/reports/*\n!/reports/metrics.json\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository with a pipeline and its run on the demo's archive, committed, in surroundings of its own."""
    parent = tmp_path_factory.mktemp("finished")
    house = parent / "house"
    contents = {
        "data/demo/demo.txt": "demo",
        "params.yaml": PARAMS,
        "dvc.yaml": json.dumps(PIPELINE),
        "stage.py": STAGE,
        ".gitignore": IGNORED,
        ".dvc/config": "[core]\n    analytics = false\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    }
    for name, text in contents.items():
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_text(text)
    (parent / "gitconfig").write_text("[user]\nname = t\nemail = t@localhost\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DVC_EXP_NAME", "DVC_ROOT", "GIT_DIR"):
            patch.delenv(name, raising=False)
        patch.setenv("DVC_SITE_CACHE_DIR", str(parent / "site"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(parent / "gitconfig"))
        patch.setenv("PYTHONUTF8", "1")
        git(house, "init", "--quiet")
        dvc(house, "repro", "--quiet")
        git(house, "add", "--all")
        git(house, "commit", "--quiet", "--message", "the demo")
        yield house


@pytest.fixture
def house(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    # A clone, as people have it: its remote's branches have no reflog.
    git(tmp_path, "clone", "--quiet", str(finished), "house")
    house = tmp_path / "house"
    return shutil.copytree(finished, house, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / f"{FRIEND}.txt").write_text(WORDS)
    return archive


def git(house: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=house, check=True, capture_output=True, encoding="utf-8").stdout


def dvc(house: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=house, check=True, capture_output=True)


def forget(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FORGET, *arguments], cwd=house, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )


def learn(house: Path, archive: Path) -> None:
    """Leave traces in every way that DVC has: in the workspace, in a temporary one, in the queue."""
    settings = ["-S", f"filter.friend='{FRIEND}'", "-S", f"parse.archive='{archive}'"]
    dvc(house, "exp", "run", "--quiet", "--temp", "--name", EXPERIMENT, *settings)
    dvc(house, "exp", "run", "--quiet", "--queue", "--name", f"{EXPERIMENT}-queued", *settings)
    dvc(house, "exp", "run", "--quiet", "--name", f"{EXPERIMENT}-here", *settings)
    git(house, "add", "params.yaml")
    (house / "data" / ".messages.parquet.tmp").write_text(FRIEND)  # of a process that was killed
    (house / ".params.yaml.tmp").write_text(FRIEND)
    (house / "checkpoints" / "2").mkdir()
    (house / "checkpoints" / "2" / "card.json").write_text(FRIEND)


def traces(*folders: Path) -> list[str]:
    """Where the friend's name, their words, or the experiment's name are, git's compressed objects included."""
    return [where for folder in folders for where, data in contents(folder) if is_trace(data)]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        yield f"the name of {path}", path.name.encode()
        if path.is_file():
            yield str(path), path.read_bytes()
    if (folder / ".git").exists():
        every = ["--batch-all-objects", "--unordered"]
        names = git(folder, "cat-file", *every, "--batch-check=%(objectname)").split()
        result = subprocess.run(["git", "cat-file", *every, "--batch"], cwd=folder, check=True, capture_output=True)
        yield f"one of {len(names)} objects in git", result.stdout


def is_trace(data: bytes) -> bool:
    return any(word.lower().encode() in data.lower() for word in (FRIEND, WORDS, EXPERIMENT))


def test_nothing_is_left_of_an_archive(house: Path, archive: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    head = git(house, "rev-parse", "HEAD")
    learn(house, archive)
    found = "\n".join(traces(house, site))
    for place in (".dvc/cache", ".dvc/tmp", "checkpoints", "models", "objects in git", "params.yaml", str(site)):
        assert place in found
    result = forget(house, "--yes")
    assert (result.returncode, result.stderr) == (0, "")
    assert traces(house, site) == []
    assert git(house, "for-each-ref", "refs/exps") == ""
    assert git(house, "rev-parse", "HEAD") == head
    assert git(house, "status", "--porcelain") == ""
    assert (archive / f"{FRIEND}.txt").read_text() == WORDS
    assert (house / "data" / "demo" / "demo.txt").read_text() == "demo"
    assert (house / "reports" / "metrics.json").read_text() == "4"
    for line in ("dvc.lock, params.yaml, reports/metrics.json", "MB  .dvc/cache", "MB  checkpoints", f"MB  {site}"):
        assert line in result.stdout
    dvc(house, "repro", "--quiet")
    assert (house / "models" / "friend" / "card.json").read_text() == "Demodemo"


def test_own_stashes_branches_and_files_stay(house: Path, archive: Path) -> None:
    for number in (1, 2):
        (house / "stage.py").write_text(f"{STAGE}# {number}\n")
        git(house, "stash", "--quiet")
    git(house, "branch", "mine")
    (house / "stage.py").write_text(f"{STAGE}# mine\n")
    (house / "notes.txt").write_text("mine")
    shutil.copytree(archive, house / "models" / "archive")  # an odd place for one, yet it is the person's
    (house / "params.yaml").write_text(PARAMS.replace("data/demo", "models/archive"))
    assert forget(house, "--yes").returncode == 0
    assert len(git(house, "stash", "list").splitlines()) == 2
    assert git(house, "show", "stash@{1}:stage.py").endswith("# 1\n")
    assert git(house, "rev-parse", "mine") == git(house, "rev-parse", "HEAD")
    assert (house / "stage.py").read_text() == f"{STAGE}# mine\n"
    assert (house / "notes.txt").read_text() == "mine"
    assert [path.name for path in (house / "models").rglob("*")] == ["archive", f"{FRIEND}.txt"]


def test_places_outside_are_named_and_left(house: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(house / "models", elsewhere / "models")
    (house / "models").symlink_to(elsewhere / "models")
    dvc(house, "config", "--local", "cache.dir", str(elsewhere / "cache"))
    dvc(house, "remote", "add", "--local", "shelf", str(elsewhere / "remote"))
    result = forget(house, "--yes")
    assert result.returncode == 0
    assert (elsewhere / "models" / "friend" / "card.json").exists()
    assert not (house / "models").is_symlink()
    for line in (
        f"what models links to: {elsewhere}/models",
        f"DVC's cache at {elsewhere}/cache",
        "the DVC remote 'shelf'",
    ):
        assert line in result.stdout
    assert result.stdout.endswith("Forgotten here; what is listed above as out of reach is not.\n")


def test_it_asks_first(house: Path) -> None:
    before = sorted(house.rglob("*"))
    unasked = forget(house)
    assert unasked.returncode == 2
    assert unasked.stderr == (
        "forget: nothing was deleted: there is no terminal to ask on; --yes (make forget ARGS=--yes) means it\n"
    )
    for answer, status in (("y", 2), ("yes", 0)):
        assert set(before) <= set(house.rglob("*"))
        controller, terminal = pty.openpty()
        os.write(controller, f"{answer}\n".encode())
        process = subprocess.run(
            FORGET, cwd=house, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, check=False
        )
        os.close(terminal)
        os.close(controller)
        assert process.returncode == status
        assert process.stderr.endswith(b"forget: nothing was deleted\n") == (status == 2)
    assert not (house / "models").exists()


@pytest.mark.parametrize("worker", ["process", "lock"])
def test_it_waits_for_nobody(house: Path, worker: str) -> None:
    wait = "import sys, time; print(flush=True); time.sleep(600)"
    hold = f"import fcntl; file = open('.dvc/tmp/lock', 'a'); fcntl.flock(file, fcntl.LOCK_EX); {wait}"
    command = [sys.executable, "-c", wait, "dvc", "repro"] if worker == "process" else [sys.executable, "-c", hold]
    with subprocess.Popen(command, cwd=house, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        result = forget(house, "--yes")
        process.kill()
    assert (result.returncode, result.stdout) == (2, "")
    assert ("is at work here" in result.stderr) == (len(result.stderr.splitlines()) == 1)
    assert (house / "models").exists()


def test_it_wants_the_root(house: Path) -> None:
    result = forget(house / "data", "--yes")
    assert (result.returncode, result.stderr) == (
        2,
        "forget: params.yaml is not here; run this from the root of the repository\n",
    )
