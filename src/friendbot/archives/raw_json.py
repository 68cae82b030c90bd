"""JSON in parts: a file stays bytes until its threads are asked for, and one broken message costs no other."""

import re
from codecs import BOM_UTF8
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar

import msgspec

from friendbot.archives.reader import Job, is_time
from friendbot.archives.tree import Entry

NONE = msgspec.Raw(b"")
"""What a key that is not there holds."""

STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""A string, as a pattern."""

START = rb"\A(?:%b)?\s*" % BOM_UTF8
"""What may come before all else, as a pattern."""

_ESCAPE = re.compile(
    rb"\\(?:x([0-9A-Fa-f]{2})|(u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|(u[dD][89a-fA-F][0-9A-Fa-f]{2})|.)",
    re.DOTALL,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Shape = TypeVar("Shape")


class BrokenJson(ValueError):  # noqa: N818
    """No JSON, or not of the shape that was asked for; says where."""


def size(raw: msgspec.Raw) -> int:
    """Bytes of a part; 0 where its key is not there."""
    return memoryview(raw).nbytes


def decode(data: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """A file or a part of it as `shape`, mended where it must be. Raises BrokenJson."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(_mended(bytes(data)), type=shape)
    except RecursionError as error:
        raise BrokenJson("nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BrokenJson(str(error)) from error


def items(raw: msgspec.Raw, shape: type[Shape]) -> tuple[list[Shape], int]:
    """Items of a list as `shape`, and how many others there are; a part that is no list counts as one."""
    try:
        return msgspec.json.decode(raw, type=list[shape]), 0  # type: ignore[valid-type]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    found: list[Any] = []
    try:
        parts = decode(raw, list[msgspec.Raw])
    except BrokenJson:
        return found, 1
    for part in parts:
        try:
            found.append(decode(part, shape))
        except BrokenJson:
            continue
    return found, len(parts) - len(found)


def check(job: Job, entry: Entry, data: bytes) -> None:
    """Report a file as damaged whose bytes are no text, in a part of it that nothing was read of."""
    if not is_utf8(data):
        job.damage(entry.path, "some of it is no text (not UTF-8)")


def is_utf8(data: bytes) -> bool:
    """Whether bytes are text; half surrogates pass, since they are mended."""
    if data.isascii():
        return True
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return False
    return True


def moment(date: str | None, zone: tzinfo | None = None) -> int | None:
    """Milliseconds since 1970 UTC of an ISO date, in `zone` where it names none; None where that cannot be told."""
    try:
        time = datetime.fromisoformat(date or "")
        since = (time if time.tzinfo or not zone else time.replace(tzinfo=zone)) - _EPOCH
    except (ValueError, OverflowError, TypeError):
        return None
    found = since // timedelta(milliseconds=1)
    return found if is_time(found) else None


def _mended(data: bytes) -> bytes:
    r"""JSON without a byte order mark, without half surrogates, and with `\u0008` for `\x08`, as Telegram has it."""

    def mend(match: re.Match[bytes]) -> bytes:
        return b"\\u00" + match[1] if match[1] else b"\\ufffd" if match[3] else match[0]

    return _ESCAPE.sub(mend, data.removeprefix(BOM_UTF8))
