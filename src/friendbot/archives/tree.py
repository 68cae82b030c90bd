"""The files of an archive, in a folder or in zips, read in place: nothing is extracted to disk."""

import os
import stat
import unicodedata
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO

from friendbot.errors import ArchiveError

HEAD = 1 << 16
"""Bytes of a file that are enough to recognise what it is."""

LARGEST = 1 << 30
"""Bytes of the largest file read from a zip; real ones stay far below."""

DENSEST = 200
"""Most times that a zipped file larger than `SMALL` may grow; chat text grows 5 to 20 times."""

SMALL = 1 << 24
"""Bytes of a file that does no harm, whatever it was packed into."""

FILES = 3
"""Files unpacked ahead at most; another is begun while those there are smaller than `SMALL` together."""

INSIDE = frozenset({"messages", "inbox", "media", "files"})
"""Folders of a download whose zips are attachments."""

PACKED = (".zip", ".tgz", ".tar", ".gz", ".rar", ".7z")
"""Endings of files that hold other files; of these, only zips are looked into, and only where no zip holds them."""

DOUBTFUL = "no download has that, so give the zip as it was downloaded"
LOCKED = "locked with a password: unzip it and give the folder"


class DamagedError(ArchiveError):
    """A file of a zip does not unpack to what was packed."""


@dataclass(frozen=True)
class Entry:
    """One file: `path` begins with the name of the folder or zip it was found in, `size` is in bytes."""

    path: str
    size: int
    disk: Path
    """The file itself, or the zip that holds it."""
    info: zipfile.ZipInfo | None = None

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without its last part."""
        return self.path.rpartition("/")[0]

    @property
    def suffix(self) -> str:
        """Ending of the name in lower case, with its dot; empty where there is none."""
        return PurePosixPath(self.name).suffix.lower()


class Tree:
    """All files below a path, sorted by path, and those in the zips among them.

    Zips inside a download are what people sent each other, and stay shut. A context manager, since it keeps zips open.
    """

    def __init__(self, path: Path) -> None:
        """List `path`: a folder, a zip, or a single file.

        Raises ArchiveError where it does not exist, cannot be listed, or is itself a zip that is broken or refused.
        """
        self.path = path
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._stack = ExitStack()
        self.broken: list[tuple[str, str]] = []
        """What is left out of a folder, since it is unsafe or cannot be opened, or not wholly: (path, reason)."""
        self._ahead = _Ahead(self._read, ())
        try:
            self.entries = sorted(self._list(path), key=lambda entry: (entry.path, entry.size))
            self._paths = {entry.path: entry for entry in reversed(self.entries)}
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> "Tree":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ahead.close()
        self._stack.close()

    def read(self, entry: Entry, size: int = -1) -> bytes:
        """Return the first `size` bytes of a file, or all.

        Raises DamagedError where it is damaged inside its zip, ArchiveError where it cannot be read at all.
        """
        if size < 0 and (ahead := self._ahead.take(entry)):
            return ahead.result()
        return self._read(entry, size)

    def expect(self, entries: Iterable[Entry]) -> None:
        """Say which files will be read, and in which order: zipped ones are unpacked ahead, on another core."""
        self._ahead.close()
        self._ahead = _Ahead(self._read, (entry for entry in dict.fromkeys(entries) if entry.info))

    def at(self, path: str) -> Entry | None:
        """The file of a path, if there is one."""
        return self._paths.get(path)

    def _read(self, entry: Entry, size: int = -1) -> bytes:
        if size < 0:
            _refuse_bomb(entry)
        try:
            with self._open(entry) as file:
                return file.read(size)
        except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, UnicodeDecodeError) as error:
            raise DamagedError(f"{entry.path} is damaged inside its zip: {error}") from error
        except (RuntimeError, NotImplementedError) as error:
            if "password" in str(error):
                raise ArchiveError(f"{entry.disk} is {LOCKED}") from error
            raise ArchiveError(f"{entry.path} cannot be unpacked ({error}): unzip {entry.disk} yourself") from error
        except OSError as error:
            raise ArchiveError(f"{entry.path} cannot be read: {error.strerror or error}") from error

    def _open(self, entry: Entry) -> BinaryIO:
        if entry.info is None:
            return entry.disk.open("rb")
        return self._zips[entry.disk].open(entry.info)  # type: ignore[return-value]

    def _list(self, path: Path) -> Iterator[Entry]:
        try:
            name = path.resolve().name
            if not path.exists():
                raise ArchiveError(f"{path} does not exist: give the folder or zip that you downloaded")
            if path.is_dir():
                yield from self._folder(path, name)
            elif path.is_file():
                yield from self._file(path, name, zips=True)
            else:
                raise ArchiveError(f"{path} is neither a file nor a folder: give the downloaded archive")
        except OSError as error:
            raise ArchiveError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
        except (RuntimeError, ValueError) as error:  # links in a circle; a NUL in the path
            raise ArchiveError(f"{path!s:.200} cannot be read: give the folder or zip that you downloaded") from error

    def _folder(self, folder: Path, name: str) -> Iterator[Entry]:
        with os.scandir(folder) as found:
            for item in sorted(found, key=lambda item: item.name):
                path, inner = Path(item.path), f"{name}/{item.name}"
                if _clutter(item.name):
                    continue
                if item.is_symlink():
                    self.broken.append((_plain(inner), "a link: put what it points to in its place, or remove it"))
                elif item.is_dir():
                    yield from self._folder(path, inner)
                elif item.is_file():
                    attached = INSIDE & {part.lower() for part in inner.split("/")[1:-1]}
                    yield from self._file(path, inner, zips=not attached)

    def _file(self, path: Path, name: str, *, zips: bool) -> Iterator[Entry]:
        if zips and (path.suffix.lower() == ".zip" or (path == self.path and _begins_as_zip(path))):
            yield from self._zip(path, name)
        else:
            yield Entry(_plain(name), path.stat().st_size, path)

    def _zip(self, path: Path, name: str) -> Iterator[Entry]:
        try:
            zipped = self._stack.enter_context(zipfile.ZipFile(path))
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            if path != self.path:
                self.broken.append((_plain(name), "not a whole zip (download cut short?)"))
                return
            raise ArchiveError(f"{path} is not a whole zip (download cut short?): download it again") from error
        if why := _refusal(zipped):
            if path == self.path:
                raise ArchiveError(f"{path} is {why}")
            self.broken.append((_plain(name), why))
            return
        self._zips[path] = zipped
        if not _lists_all(zipped, path):
            self.broken.append((_plain(name), "its list of files is not whole"))
        for info in zipped.infolist():
            inner = info.filename.replace("\\", "/")
            parts = inner.split("/")
            if not info.is_dir() and not inner.endswith("/") and not any(map(_clutter, parts)):
                yield Entry(_plain(f"{name}/{inner}"), info.file_size, path, info)


class _Ahead:
    """Reads files in a thread of its own before they are asked for, in the order given: a few at most."""

    def __init__(self, read: Callable[[Entry], bytes], entries: Iterable[Entry]) -> None:
        self._read = read
        self._coming = deque(entries)
        self._running: dict[Entry, Future[bytes]] = {}
        self._pool = ThreadPoolExecutor(1)  # has no thread before it has work

    def take(self, entry: Entry) -> Future[bytes] | None:
        """What is, or will be, read of a file, or the error of that; None where it was not begun."""
        found = self._running.pop(entry, None)
        while self._coming and self._has_room():
            coming = self._coming.popleft()
            if coming != entry:
                self._running[coming] = self._pool.submit(self._read, coming)
        return found

    def _has_room(self) -> bool:
        held = sum(entry.size for entry in self._running)
        return not self._running or (len(self._running) < FILES and held < SMALL)

    def close(self) -> None:
        """Give up what was not asked for; waits for the file that is being read."""
        self._coming.clear()
        self._pool.shutdown(cancel_futures=True)


def _refusal(zipped: zipfile.ZipFile) -> str:
    """Why a zip is not read at all, completing 'it is ...'; empty where it is safe."""
    for info in zipped.infolist():
        inner = info.filename.replace("\\", "/")
        parts = inner.split("/")
        if ".." in parts or inner.startswith("/") or parts[0].endswith(":"):
            return f"unsafe, it holds '{info.filename}', which points outside of it: {DOUBTFUL}"
        if stat.S_ISLNK(info.external_attr >> 16):
            return f"unsafe, it holds the link '{info.filename}': {DOUBTFUL}"
        if info.flag_bits & 1:
            return LOCKED
    return ""


def _lists_all(zipped: zipfile.ZipFile, path: Path) -> bool:
    """Whether a zip lists as many files as it says: a wrong bit in one record may swallow those that follow."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 22 + (1 << 16)), os.SEEK_END)
        end = file.read()
    start = end.rfind(b"PK\x05\x06")
    count = int.from_bytes(end[start + 10 : start + 12], "little")
    return count in (0xFFFF, len(zipped.infolist()) & 0xFFFF)  # the first: too many to say


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _clutter(name: str) -> bool:
    return name in ("__MACOSX", ".DS_Store") or name.startswith("._")


def _plain(path: str) -> str:
    """Composed characters, as macOS does not write them, and no bytes that UTF-8 cannot hold."""
    return unicodedata.normalize("NFC", path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _refuse_bomb(entry: Entry) -> None:
    if entry.info is None:
        return
    growth = entry.size / max(1, entry.info.compress_size)
    if entry.size > LARGEST or (entry.size > SMALL and growth > DENSEST):
        size = f"{entry.size:,} bytes, {growth:,.0f} times its size"
        raise ArchiveError(f"{entry.path} would unpack to {size}: unzip {entry.disk} yourself if you trust it")
