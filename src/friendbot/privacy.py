"""Where a chat archive leaves traces in this repository and beside it, and how they are removed.

Words and names from an archive come to lie in the pipeline's outs, in DVC's cache, in checkpoints, in temporary
workspaces, in the databases that DVC keeps for each repository outside of it, and in git: an experiment is a commit.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo

from friendbot.errors import FriendbotError

PARAMS, LOCK, PIPELINE = "params.yaml", "dvc.lock", "dvc.yaml"
HALF_WRITTEN = ".*.tmp"
"""What a killed process leaves of a file, see `files.replacing`."""
AUDIT = ("audit/data", "audit/model", "audit/reports")
AUDIT_RESULTS = ("audit/dvc.lock", "audit/metrics.json")
DERIVED = ("data/messages.parquet", "data/thread.parquet", "data/encoded", "models", "reports", "checkpoints", *AUDIT)
OF_DVC = ("dvc_plots", ".dvc/cache", ".dvc/tmp")
EXPERIMENTS = "refs/exps"
NAMES = "--format=%(refname)%00"
DIFFERING = ("--name-only", "--relative", "-z")
DEMO = "data/demo/"


class Traces:
    """What was derived from archives in the repository at `root`: found when made, removed by its methods."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.beyond: list[str] = []
        """What is known to lie where this must not reach, in words."""
        derived = {LOCK, *AUDIT_RESULTS, *self._outs()}
        committed = set(self._git_lines("ls-tree", "-r", "-z", "--name-only", "HEAD"))
        added = set(self._git_lines("ls-files", "-z"))
        self.staged = sorted(derived & added - committed)
        self.kept = {self.root / name for name in [*(added - {*self.staged}), *self._archives()]}
        self.places = [*self._inside(derived), *self._databases()]
        self.experiments = self._git_lines("for-each-ref", NAMES, EXPERIMENTS)
        differing = [*self._git_lines("diff", *DIFFERING, "HEAD"), *self._git_lines("diff", *DIFFERING, "--cached")]
        self.changed = sorted({PARAMS, *derived} & committed & {*differing})

    def files(self, place: Path) -> Iterator[Path]:
        """What would be removed at a place: neither what git tracks nor an archive. A link counts, not its target."""
        if place in self.kept or not os.path.lexists(place):
            return
        if place.is_symlink() or not place.is_dir():
            yield place
        else:
            for child in [*place.iterdir()]:
                yield from self.files(child)

    def remove(self, place: Path) -> None:
        """Remove what `files` yields, and the folders that are empty then."""
        for file in self.files(place):
            file.unlink()
        if place.is_dir() and not place.is_symlink():
            for folder, _, _ in os.walk(place, topdown=False):
                with suppress(OSError):  # not empty: something in it is kept
                    Path(folder).rmdir()

    def restore(self) -> None:
        """Bring the tracked files that name an archive, or count what is in it, back as HEAD has them."""
        if self.staged:
            self._git("rm", "--cached", "--quiet", "--", *self.staged)
        if self.changed:
            self._git("restore", "--source=HEAD", "--staged", "--worktree", "--", *self.changed)

    def prune(self) -> None:
        """Remove the experiments from git, then every object that no branch, tag or stash reaches.

        Experiments pass through HEAD, so HEAD's and the branches' reflogs lose their unreachable entries; the stash,
        which is a reflog itself, does not.
        """
        for ref in self.experiments:
            self._git("update-ref", "--no-deref", "-d", ref)
        folder = self.root / self._git("rev-parse", "--git-common-dir").strip()
        shutil.rmtree(folder / EXPERIMENTS, ignore_errors=True)  # a symbolic ref that leads nowhere is listed nowhere
        shutil.rmtree(folder / "logs" / EXPERIMENTS, ignore_errors=True)
        (folder / "FETCH_HEAD").unlink(missing_ok=True)  # names experiments fetched from their temporary workspaces
        if not self._git_lines("for-each-ref", NAMES, "refs/stash"):
            (folder / "logs" / "refs" / "stash").unlink(missing_ok=True)
        for ref in ["HEAD", *self._git_lines("for-each-ref", NAMES, "refs/heads", "refs/remotes")]:
            if self._has_reflog(ref):
                self._git("reflog", "expire", "--expire-unreachable=now", ref)
        self._git("gc", "--quiet", "--prune=now")

    def _has_reflog(self, ref: str) -> bool:
        """Whether git logged where a reference pointed; a clone logs nothing for the remote's branches."""
        command = ["git", "-C", str(self.root), "reflog", "exists", ref]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def in_git(self) -> bool:
        """Whether there is a commit to go back to."""
        return bool(self._git("rev-parse", "--verify", "--quiet", "HEAD", check=False))

    def head_is_demo(self) -> bool:
        """Whether the committed params name the demo archive, not somebody's own."""
        return _archive(_mapping(self._git("show", f"HEAD:./{PARAMS}", check=False))).startswith(DEMO)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep DVC out for the time of the block.

        Raises:
            FriendbotError: a pipeline, an experiment or a worker of the queue is running.
        """
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
                here = Path(process.cwd()).is_relative_to(self.root)
            except (psutil.Error, OSError):
                continue
            if here and process.pid != os.getpid() and _is_pipeline(words):
                command = " ".join(words[:6])
                raise FriendbotError(
                    f"process {process.pid} is at work here ({command}); stop it first"
                    " (Ctrl-C where it runs, or `dvc queue stop --kill`)"
                )
        with ExitStack() as stack:
            for lock in [self.root / ".dvc" / "tmp" / "lock", *(self.root / "checkpoints").rglob(".lock")]:
                if lock.is_file():
                    try:
                        fcntl.flock(stack.enter_context(lock.open("r+")), fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except OSError:
                        where = lock.relative_to(self.root)
                        raise FriendbotError(
                            f"DVC or a training is at work here (it holds {where}); stop it first"
                        ) from None
            yield

    def _archives(self) -> set[str]:
        """The archives that params.yaml and dvc.lock name."""
        lock = _mapping(self._read(LOCK)).get("stages")
        parse = lock.get("parse") if isinstance(lock, dict) else None
        deps = parse.get("deps") if isinstance(parse, dict) else None
        paths = {str(dep.get("path", "")) for dep in deps or [] if isinstance(dep, dict)}
        return {path for path in {_archive(_mapping(self._read(PARAMS))), *paths} if path}

    def _outs(self) -> set[str]:
        """Every out that dvc.yaml and dvc.lock name, metrics and plots included."""
        found: set[str] = set()
        for name in (PIPELINE, LOCK):
            stages = _mapping(self._read(name)).get("stages")
            for stage in stages.values() if isinstance(stages, dict) else []:
                for kind in ("outs", "metrics", "plots"):
                    for entry in stage.get(kind) or []:
                        found.add(
                            str(entry.get("path", next(iter(entry), ""))) if isinstance(entry, dict) else str(entry)
                        )
        return {str(path).rstrip("/") for path in found}

    def _inside(self, derived: set[str]) -> Iterator[Path]:
        """The places in the repository that hold something to remove; one that leads out of it is only reported."""
        halves = [*self.root.glob(HALF_WRITTEN), *(self.root / "data").glob(HALF_WRITTEN)]
        names = [*DERIVED, *OF_DVC, *(str(path.relative_to(self.root)) for path in sorted(halves))]
        names += sorted(name for name in derived if not any(Path(name).is_relative_to(other) for other in names))
        for name in names:
            place = Path(os.path.normpath(self.root / name))
            if not place.parent.resolve().is_relative_to(self.root) or place == self.root:
                self.beyond.append(f"{place}, which is outside of the repository")
            elif any(True for _ in self.files(place)):
                if place.is_symlink():
                    self.beyond.append(f"what {name} links to: {place.resolve()}")
                yield place

    def _databases(self) -> Iterator[Path]:
        """DVC's databases, outside of the repository, of this one and of temporary workspaces in it: names, not words.

        A workspace's database stays when the workspace goes, and nothing but the paths in it tells whose it was.
        """
        try:
            repo = Repo(str(self.root))
        except DvcException:
            return
        own = Path(repo.site_cache_dir)
        cache = Path(repo.cache.local.path)
        self.beyond += [f"the DVC remote {name!r}, if you pushed to it" for name in repo.config.get("remote", {})]
        repo.close()
        if not cache.resolve().is_relative_to(self.root):
            self.beyond.append(f"DVC's cache at {cache}, which other repositories may share")
        raw = str(self.root)
        marks = {(text + end).encode() for text in (raw, json.dumps(raw)[1:-1]) for end in ("/", '"')}
        for folder in sorted(own.parent.iterdir()) if own.parent.is_dir() else []:
            if folder.is_symlink() or not folder.is_dir() or folder.is_relative_to(self.root):
                continue
            if folder == own or any(mark in file.read_bytes() for file in _readable(folder) for mark in marks):
                if folder.stat().st_uid == os.getuid():
                    yield folder
                else:
                    self.beyond.append(f"{folder}, which belongs to another user")

    def _read(self, name: str) -> str:
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _git(self, *arguments: str, check: bool = True) -> str:
        """A git command's output; nothing where there is no git, or where it fails and need not succeed."""
        command = ["git", "--literal-pathspecs", "-C", str(self.root), *arguments]
        try:
            result = subprocess.run(
                command, capture_output=True, check=False, encoding="utf-8", errors="surrogateescape"
            )
        except OSError:
            return ""
        if check and result.returncode:
            raise FriendbotError(f"git {' '.join(arguments[:2])} failed: {result.stderr}")
        return result.stdout

    def _git_lines(self, *arguments: str) -> list[str]:
        """The names in a git command's output, which ends each with a zero byte."""
        return [name.strip("\n") for name in self._git(*arguments, check=False).split("\0") if name.strip("\n")]


def _is_pipeline(words: list[str]) -> bool:
    """Whether a process's command line is DVC's, or a stage's."""
    return any(Path(word).name == "dvc" or word.startswith("stages/") for word in words)


def _mapping(text: str) -> dict[str, Any]:
    """YAML's mapping; an empty one where it is damaged."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return data if isinstance(data, dict) else {}


def _archive(params: dict[str, Any]) -> str:
    parse = params.get("parse")
    return str(parse.get("archive") or "") if isinstance(parse, dict) else ""


def _readable(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and os.access(file, os.R_OK):
            yield file
