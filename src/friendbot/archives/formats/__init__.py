"""One module for each format of an archive, which ends in its `READER`, and what these are made of.

`html_*` are parts of `messenger_html`, `legacy_*` of `legacy_htm`, `telegram_*` and `whatsapp_*` of their namesakes;
`folder` is for both of today's Messenger formats, `roster` for pages, and `fbcap` bridges to another parser.
"""

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
