"""A conversation as JSON Lines: what was said, in order, as people keep it, hand it on and take it up again.

A line is an utterance, `{"speaker": "me"|"friend", "name": ..., "text": ..., "gap": ...}`, or `{"taken_back": n}`: the
`n` utterances before it no longer count, because another answer was asked for or they were undone.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from friendbot.conversation import SPEAKERS, Utterance
from friendbot.errors import FriendbotError

PRIVATE = 0o600
"""Only the owner of a transcript may read it."""


class TranscriptError(FriendbotError):
    """A transcript cannot be read or written, or must not be overwritten."""


def read(path: Path) -> list[Utterance]:
    """The conversation that a transcript leads to.

    Raises:
        TranscriptError: a line is damaged; the message has its number.
        OSError: there is no such file, or it may not be read.
    """
    utterances: list[Utterance] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                data = json.loads(line)
                if "taken_back" in data:
                    del utterances[-_checked(data["taken_back"], int, range(1, len(utterances) + 1)) :]
                else:
                    speaker = _checked(data["speaker"], str, SPEAKERS)
                    utterances.append(Utterance(speaker, _checked(data["text"], str), _checked(data["gap"], bool)))
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise TranscriptError(
                    f"{path} is no transcript: line {number} is damaged ({type(error).__name__}: {error})"
                ) from None
    return utterances


def _checked(value: Any, kind: type, allowed: Iterable[Any] | None = None) -> Any:
    if type(value) is not kind or (allowed is not None and value not in allowed):
        raise ValueError(f"{value!r} does not fit")
    if isinstance(value, str):
        value.encode()  # half a character is refused
    return value


def save(path: Path, utterances: Sequence[Utterance], names: Mapping[str, str]) -> None:
    """Write a conversation to a new file, all of it or none.

    Args:
        path: nothing may be there yet.
        utterances: what was said, oldest first.
        names: of each speaker.

    Raises:
        TranscriptError: there is such a file already.
        OSError: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        raise TranscriptError(f"{path} exists already; choose another name") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(_line(utterance, names) for utterance in utterances)
    except BaseException:
        path.unlink()
        raise


def places(path: Path, names: Sequence[str]) -> list[Path]:
    """Where the conversations with several bots go: beside each other, with the bot's name in that of the file.

    Raises:
        TranscriptError: the path ends in no file's name.
    """
    if path.name in ("", ".."):
        raise TranscriptError(f"{path} is a folder, not a file's name")
    if len(names) == 1:
        return [path]
    return [path.with_name(f"{path.stem}.{name.replace('/', '_')}{path.suffix}") for name in names]


def _line(utterance: Utterance, names: Mapping[str, str]) -> str:
    speaker, text, gap = utterance
    return json.dumps({"speaker": speaker, "name": names[speaker], "text": text, "gap": gap}, ensure_ascii=False) + "\n"


class Transcript:
    """A transcript that goes along with a conversation: it is only ever appended to, and on disk after each message."""

    def __init__(self, path: Path, names: Mapping[str, str], begun: Sequence[Utterance] = ()) -> None:
        """Go on at the end of a file; one that is not there yet is made, for its owner alone.

        Args:
            path: the file.
            names: of each speaker.
            begun: what the file holds of this same conversation.

        Raises:
            TranscriptError: it cannot be written.
        """
        self._path, self._names = path, names
        self._kept = list(begun)
        self._append("")

    def follow(self, utterances: Sequence[Utterance]) -> None:
        """Write what it takes for `read` to give these utterances, after those that the file began with.

        Raises:
            TranscriptError: it cannot be written; the next time tries all of it again.
        """
        same = 0
        while same < min(len(self._kept), len(utterances)) and self._kept[same] == utterances[same]:
            same += 1
        taken_back = len(self._kept) - same
        event = json.dumps({"taken_back": taken_back}) + "\n" if taken_back else ""
        self._append(event + "".join(_line(utterance, self._names) for utterance in utterances[same:]))
        self._kept = list(utterances)

    def _append(self, text: str) -> None:
        """Add lines to the file, all of them or none."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                size = os.fstat(descriptor).st_size
                if text and size and os.pread(descriptor, 1, size - 1) != b"\n":
                    text = f"\n{text}"
                left = text.encode()
                try:
                    while left:
                        left = left[file.write(left) :]
                except BaseException:
                    with suppress(OSError):
                        file.truncate(size)
                    raise
        except OSError as error:
            raise TranscriptError(f"the transcript {self._path} cannot be written ({error.strerror})") from None
