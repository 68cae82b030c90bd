"""The tracked model as it was at another revision, from git and DVC's cache; nothing is checked out or fetched."""

import difflib
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from friendbot import weights
from friendbot.errors import ModelError
from friendbot.weights import Model

TRACKED = "models/friend"
FILES = (*weights.FILES, "evaluation.json")
NAMES = re.compile(r"(\w+) refs/(?:heads|tags|remotes|exps/[0-9a-f]{2}/[0-9a-f]{38})/(.+)")
"""Of git's references those that people name; under refs/exps DVC keeps its queue too."""


@contextmanager
def load(root: Path, revision: str) -> Iterator[Model]:
    """The model of a revision, in a folder that nobody else can read and that is gone after the `with` statement.

    Make the `Bot` inside of it: that reads the folder too.

    Args:
        root: the repository.
        revision: a commit, tag, branch, or experiment of DVC; of experiments with one name, the newest.

    Raises:
        ModelError: there is no such revision, it has no model, DVC's cache lacks that, it is of a format that this
            friendbot does not read, `root` has no git, or this Python no DVC.
    """
    if not (root / ".git").exists():
        raise ModelError(f"{root} has no git history, so no revisions; --model DIR talks to a model folder")
    commit = _commit(root, revision)
    with tempfile.TemporaryDirectory(prefix="friendbot-") as folder:
        place = f"../friendbot-{commit[:10]}"
        again = f"`git worktree add {place} {commit[:10]}`, then in {place} `dvc repro`"
        try:
            for name, content in _read(root, commit, revision).items():
                (Path(folder) / name).write_bytes(content)
        except FileNotFoundError:
            raise ModelError(
                f"DVC's cache here lacks the model of {revision}; to train it again: {again}, "
                f"and --model {place}/{TRACKED} talks to it"
            ) from None
        try:
            yield weights.load(Path(folder))
        except ModelError as error:
            reason = str(error).partition(";")[0].replace(folder, TRACKED)
            raise ModelError(
                f"this friendbot cannot read the model of {revision} ({reason}), the one of its time can: "
                f"{again} and `python src/chat.py`"
            ) from None


def _commit(root: Path, revision: str) -> str:
    """The hash of the commit that a person means."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    if found.isalnum():  # `^name` is valid too, and means all but that commit
        return found
    references = _git(root, "for-each-ref", "--sort=creatordate", "--format=%(objectname) %(refname)")
    commits = {name: commit for commit, name in NAMES.findall(references)}
    if revision in commits:
        return commits[revision]
    near = difflib.get_close_matches(revision, commits)
    hint = f"did you mean {' or '.join(near)}?" if near else "`git log --all` and `dvc exp list -A` show what there is"
    raise ModelError(f"no commit, tag, branch or experiment is called {revision!r}; {hint}")


def _git(root: Path, *arguments: str) -> str:
    """What git prints, nothing where it only says no by its status."""
    command = ["git", f"--git-dir={root / '.git'}", *arguments]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if result.returncode and result.stderr:
        raise ModelError(f"git cannot tell which revision that is ({' '.join(result.stderr.split())})")
    return result.stdout


def _read(root: Path, commit: str, revision: str) -> dict[str, bytes]:
    """Names and bytes of the model's files, from the local cache alone.

    Raises:
        FileNotFoundError: one is not there, or damaged.
    """
    try:
        from dvc.config import Config
        from dvc.exceptions import DvcException
        from dvc.fs.dvc import DVCFileSystem
        from dvc.repo import Repo
    except ImportError as error:
        raise ModelError(f"another revision's model needs DVC ({error}); `make setup` brings it") from None
    contents = {}
    try:
        # The settings of today say where the cache is; without a remote's name DVC makes no client for any.
        settings = {**Config(str(root / ".dvc")), "core": {"remote": ""}}
        with Repo(str(root), rev=commit, uninitialized=True, config=settings) as repo:
            tree = DVCFileSystem(repo=repo)
            for name in filter(lambda name: tree.isdvc(f"{TRACKED}/{name}"), FILES):
                digest = tree.info(f"{TRACKED}/{name}")["md5"]
                contents[name] = Path(repo.cache.local.oid_to_path(digest)).read_bytes()
                if hashlib.md5(contents[name], usedforsecurity=False).hexdigest() != digest:
                    raise FileNotFoundError(name)
    except DvcException as error:
        raise ModelError(f"DVC cannot read {revision}: {error}") from None
    if not contents.keys() >= {*weights.FILES}:
        raise ModelError(f"{revision} has no model in {TRACKED}; `git log -- dvc.lock` lists the commits that have one")
    return contents
