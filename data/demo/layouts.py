"""The two layouts in which Facebook handed out messages: JSON (since 2018) and one HTML page (until October 2017)."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from diary import Said

ROOT = "your_facebook_activity/messages"
PER_FILE = 10_000  # Facebook begins another message_N.json after so many
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
FLAGS = {"is_geoblocked_for_viewer": False, "is_unsent_image_by_messenger_kid_parent": False}


def mojibake(value: Any) -> Any:
    """Every UTF-8 byte as a character of its own, in every string: the fault all of Facebook's JSON has."""
    if isinstance(value, str):
        return value.encode("utf-8").decode("latin-1")
    if isinstance(value, list):
        return [mojibake(item) for item in value]
    if isinstance(value, dict):
        return {key: mojibake(item) for key, item in value.items()}
    return value


def as_json(value: Any) -> bytes:
    """Return a JSON file as Facebook writes it: indented, ASCII only."""
    return json.dumps(mojibake(value), indent=2, ensure_ascii=True).encode("ascii")


def thread_files(folder: str, title: str, people: list[str], owner: str, diary: list[Said]) -> dict[str, bytes]:
    """Return a thread's `message_N.json` files, newest first."""
    messages = [_message(said, folder, owner, people) for said in reversed(diary)]
    files = {}
    for number, first in enumerate(range(0, len(messages), PER_FILE), start=1):
        files[f"{ROOT}/inbox/{folder}/message_{number}.json"] = as_json(
            {
                "participants": [{"name": name} for name in people],
                "messages": messages[first : first + PER_FILE],
                "title": title,
                "is_still_participant": True,
                "thread_path": f"inbox/{folder}",
                "magic_words": [],
            }
        )
    return files


def _message(said: Said, folder: str, owner: str, people: list[str]) -> dict[str, Any]:
    message: dict[str, Any] = {"sender_name": said.sender, "timestamp_ms": said.at}
    message |= _content(said, folder, owner, people)
    if said.reactions:
        message["reactions"] = said.reactions
    return message | FLAGS


def _content(said: Said, folder: str, owner: str, people: list[str]) -> dict[str, Any]:
    """Return what a message holds beside sender and time."""
    if not said.text.startswith("<") or ">" not in said.text:
        return {"content": said.text}
    mark, text = said.text[1:].split(">", 1)
    mine, subject = said.sender == owner, "You" if said.sender == owner else said.sender
    other = next((name for name in people if name != owner), owner)
    media = f"{ROOT}/inbox/{folder}"
    words = {"content": text.strip()} if text.strip() else {}
    seconds = said.at // 1000
    kinds: dict[str, dict[str, Any]] = {
        "photo": words | {"photos": [{"uri": f"{media}/photos/{said.at}_0.jpg", "creation_timestamp": seconds}]},
        "gif": {"gifs": [{"uri": f"{media}/gifs/{said.at}_0.gif"}]},
        "sticker": {"sticker": {"uri": f"{ROOT}/stickers_used/39178562_1505197616293642_{seconds % 9}.png"}},
        "link": {
            "content": f"{subject} sent an attachment.",
            "share": {"link": f"https://www.example.com/stories/{seconds}", "share_text": "A story – worth reading"},
        },
        "call": {
            "content": f"You called {other}." if mine else f"{said.sender} called you.",
            "call_duration": 60 + seconds % 1700,
        },
        "missed": {
            "content": f"{other} missed your call." if mine else f"You missed a call from {said.sender}.",
            "call_duration": 0,
            "missed": True,
        },
        "unsent": {"is_unsent": True},
        "note": {"content": text},
    }
    return kinds[mark]


def legacy_page(owner: str, threads: list[tuple[list[str], list[Said]]]) -> str:
    """Return `html/messages.htm`: every thread in one line of HTML, newest first, times to the minute."""
    blocks = []
    for people, diary in threads:
        lines = []
        for said in reversed(diary):
            text = "" if said.text.startswith("<") and not said.text.startswith("<3") else said.text
            lines.append(
                '<div class="message"><div class="message_header">'
                f'<span class="user">{escape(said.sender)}</span><span class="meta">{legacy_date(said.at)}</span>'
                f"</div></div><p>{escape(text)}</p>"
            )
        blocks.append(f'<div class="thread">{escape(", ".join(people))}{"".join(lines)}</div>')
    return framed(owner, "Messages", "../", "<div>" + "".join(blocks) + "</div>")


def framed(owner: str, tab: str, root: str, body: str) -> str:
    """Return a page of the archive with its navigation."""
    name = escape(owner)
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />'
        f'<title>{name} - {tab}</title><link rel="stylesheet" href="{root}html/style.css" type="text/css" /></head>'
        f'<body><div class="nav"><img src="{root}photos/profile.jpg" /><ul>'
        f'<li><a href="{root}index.htm">Profile</a></li>'
        f'<li><a href="{root}html/messages.htm">Messages</a></li></ul></div>'
        f'<div class="contents"><h1>{name}</h1>{body}</div></body></html>'
    )


def escape(text: str) -> str:
    """Escape as Facebook did: the apostrophe as a number."""
    return html.escape(text).replace("&#x27;", "&#039;")


def legacy_date(at: int) -> str:
    """Return a moment as `Friday, October 4, 2013 at 10:05pm UTC+01`, whatever the machine's language."""
    moment = datetime.fromtimestamp(at / 1000, UTC) + timedelta(hours=1)
    clock = f"{moment.hour % 12 or 12}:{moment.minute:02}{'am' if moment.hour < 12 else 'pm'}"
    day, month = WEEKDAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {month} {moment.day}, {moment.year} at {clock} UTC+01"
