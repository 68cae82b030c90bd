"""Small archives as Facebook writes them, faults included."""

import html
import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from friendbot import archives, messages
from friendbot.messages import Message

ME, FRIEND = "Zoë Me", "Ján O'Friend"
ROOT = "your_facebook_activity/messages"
META = "Friday, October 4, 2013 at 10:05pm UTC+02"


def broken(text: str) -> str:
    """Facebook's fault: each UTF-8 byte becomes a character."""
    return text.encode().decode("latin-1")


def breaking(value: Any) -> Any:
    """The same for every string inside."""
    if isinstance(value, str):
        return broken(value)
    if isinstance(value, list):
        return [breaking(item) for item in value]
    if isinstance(value, dict):
        return {breaking(key): breaking(item) for key, item in value.items()}
    return value


def said(sender: str, time: int, text: str | None = None, **facts: Any) -> dict[str, Any]:
    content = {} if text is None else {"content": text}
    return {"sender_name": sender, "timestamp_ms": time, **content, **facts}


def thread(
    messages: Sequence[dict[str, Any]], people: Iterable[str] = (FRIEND, ME), title: str = FRIEND
) -> dict[str, Any]:
    """`messages` come oldest first, and are written newest first."""
    return {"participants": [{"name": name} for name in people], "messages": [*messages][::-1], "title": title}


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(breaking(data)), encoding="ascii")
    return path


def inbox(root: Path, folder: str, *parts: Any, section: str = "inbox") -> Path:
    """Write the parts of one thread, the newest first, and the profile; return the archive's root."""
    for number, part in enumerate(parts, 1):
        write(root / ROOT / section / folder / f"message_{number}.json", part)
    write(
        root / "personal_information/profile_information/profile_information.json",
        {"profile_v2": {"name": {"full_name": ME}}},
    )
    return root


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, prefix + path.relative_to(folder).as_posix())
    return target


def legacy_message(sender: str, text: str, when: str = META, raw: bool = False) -> str:
    body = text if raw else html.escape(text)
    return (
        f'<div class="message"><div class="message_header"><span class="user">{html.escape(sender)}</span>'
        f'<span class="meta">{when}</span></div></div><p>{body}</p>'
    )


def legacy_block(messages: Sequence[str], people: str = f"{FRIEND}, {ME}") -> str:
    """`messages` come oldest first, and are written newest first."""
    return f'<div class="thread">{html.escape(people)}{"".join(reversed(messages))}</div>'


def legacy_page(blocks: Iterable[str], padding: str = "") -> str:
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />'
        f"<title>{ME} - Messages</title></head><body>"
        f'<div class="nav"><img src="../photos/profile.jpg" />{padding}</div>'
        f'<div class="contents"><h1>{ME}</h1><div>{"".join(blocks)}</div></div>'
        '<div class="footer">Downloaded on a day</div></body></html>'
    )


def legacy(root: Path, *blocks: str, padding: str = "") -> Path:
    page = root / "html" / "messages.htm"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(legacy_page(blocks, padding), encoding="utf-8")
    return root


def read(path: Path, **options: Any) -> list[Message]:
    return list(messages.unpacked(archives.read(path, **options)))


def texts(path: Path, **options: Any) -> list[str]:
    return [message.text for message in read(path, **options)]
