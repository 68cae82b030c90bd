"""Small downloads of end-to-end encrypted chats, as Messenger writes them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from archive_writers import FRIEND, ME, breaking


def typed(sender: str, time: Any, text: str = "", **facts: Any) -> dict[str, Any]:
    plain = {"isUnsent": False, "media": [], "reactions": [], "type": "text"}
    return {**plain, "senderName": sender, "text": text, "timestamp": time, **facts}


def chat(messages: Sequence[Any], people: Iterable[str] = (ME, FRIEND), name: str = FRIEND) -> dict[str, Any]:
    return {"participants": [*people], "threadName": name, "messages": [*messages]}


def encrypted(root: Path, name: str, thread: Any, mojibake: bool = False) -> Path:
    """Write `<name>.json` beside the others of the download at `root`; return `root`."""
    folder = root / "messages"
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(breaking(thread)) if mojibake else json.dumps(thread, ensure_ascii=False)
    (folder / f"{name}.json").write_bytes(data.encode("utf-8", "surrogatepass"))
    return root
