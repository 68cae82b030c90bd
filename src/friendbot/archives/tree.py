"""The files of an archive, in a folder or in zips, read in place: nothing is extracted to disk."""

import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
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
    """All files below a path, sorted by path, and those in the zips that lie directly in it.

    Zips deeper down are what people sent each other, and stay shut. A context manager, since it keeps zips open.
    """

    def __init__(self, path: Path) -> None:
        """List `path`: a folder, a zip, or a single file.

        Raises ArchiveError where it does not exist, cannot be listed, or holds a zip that is broken or unsafe.
        """
        self.path = path
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._stack = ExitStack()
        try:
            self.entries = sorted(self._list(path), key=lambda entry: (entry.path, entry.size))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> "Tree":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, entry: Entry, size: int = -1) -> bytes:
        """Return the first `size` bytes of a file, or all. Raises ArchiveError where it cannot be read."""
        if size < 0:
            _refuse_bomb(entry)
        try:
            with self._open(entry) as file:
                return file.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise ArchiveError(
                f"{entry.path} is damaged inside its zip ({error}): download the archive again"
            ) from error
        except (RuntimeError, NotImplementedError) as error:
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

    def _folder(self, folder: Path, name: str) -> Iterator[Entry]:
        with os.scandir(folder) as found:
            for item in sorted(found, key=lambda item: item.name):
                path, inner = Path(item.path), f"{name}/{item.name}"
                if _clutter(item.name):
                    continue
                if item.is_symlink():
                    raise ArchiveError(f"{path} is a link: put what it points to in its place, or remove it")
                if item.is_dir():
                    yield from self._folder(path, inner)
                elif item.is_file():
                    yield from self._file(path, inner, zips=folder == self.path)

    def _file(self, path: Path, name: str, *, zips: bool) -> Iterator[Entry]:
        if zips and (path.suffix.lower() == ".zip" or (path == self.path and _begins_as_zip(path))):
            yield from self._zip(path, name)
        else:
            yield Entry(_plain(name), path.stat().st_size, path)

    def _zip(self, path: Path, name: str) -> Iterator[Entry]:
        try:
            zipped = self._stack.enter_context(zipfile.ZipFile(path))
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise ArchiveError(f"{path} is not a whole zip (download cut short?): download it again") from error
        self._zips[path] = zipped
        for info in zipped.infolist():
            inner = info.filename.replace("\\", "/")
            parts = inner.split("/")
            if ".." in parts or inner.startswith("/") or parts[0].endswith(":"):
                raise ArchiveError(
                    f"{path} holds '{info.filename}', which points outside of it: not an archive to trust"
                )
            if stat.S_ISLNK(info.external_attr >> 16):
                raise ArchiveError(f"{path} holds the link '{info.filename}': not an archive to trust")
            if not info.is_dir() and not inner.endswith("/") and not any(map(_clutter, parts)):
                yield Entry(_plain(f"{name}/{inner}"), info.file_size, path, info)


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
        raise ArchiveError(f"{entry.path} would unpack to {entry.size:,} bytes, {growth:,.0f} times its size: refused")
