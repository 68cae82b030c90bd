"""One module for each format of an archive, and what several of them share."""

from friendbot.archives.formats import (
    fbcap_json,
    instagram_old,
    legacy_htm,
    messenger_e2ee,
    messenger_html,
    messenger_json,
    telegram,
    whatsapp,
)
from friendbot.archives.reader import Reader

READERS: tuple[Reader, ...] = (
    fbcap_json.READER,
    instagram_old.READER,
    messenger_e2ee.READER,
    messenger_json.READER,
    telegram.READER,
    messenger_html.READER,
    whatsapp.READER,
    legacy_htm.READER,
)
"""Every format that can be read. The first reader that claims a file gets it."""
