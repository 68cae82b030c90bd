"""Sentences that Messenger itself writes into a chat, in English."""

import re
from collections.abc import Callable, Iterable

from friendbot.messages import CALL, MEDIA, SHARE, SYSTEM, UNSENT

# WHO is "You" or somebody in the thread, WHOM the same in the middle of a sentence; so that what a person
# types ("you called me late") is never taken for Messenger's words.
FRAMES: tuple[tuple[str, str], ...] = (
    (SHARE, r"WHO sent an attachment\."),
    (SHARE, r"WHO sent a (?:link|location|live location|post|story)\."),
    (MEDIA, r"WHO sent (?:a|an|\d+) (?:photos?|videos?|GIFs?|stickers?|voice messages?|audio files?|files?)\."),
    (CALL, r"WHO called WHOM\."),
    (CALL, r"WHO missed (?:your|a) (?:video |audio )?(?:call|chat)(?: from WHOM)?\."),
    (CALL, r"WHO (?:started|joined|left|ended) (?:a|the) (?:video |audio )?(?:call|chat)\."),
    (CALL, r"The (?:video |audio )?(?:call|chat) ended\."),
    (UNSENT, r"WHO unsent a message\.?"),
    (UNSENT, r"This message is no longer available\.?"),
    (SYSTEM, r"You are now connected on Messenger\.?"),
    (SYSTEM, r"Say hi to your new Facebook friend, .+\."),
    (SYSTEM, r"You can now (?:message|call|message and call) each other.*"),
    (SYSTEM, r"(?:Messages and calls|Messages) are (?:now )?(?:secured|protected) with end-to-end encryption.*"),
    (SYSTEM, r"WHO waved at WHOM[.!]?"),
    (SYSTEM, r"WHO added .+ to the group\."),
    (SYSTEM, r"WHO removed .+ from the group\."),
    (SYSTEM, r"WHO (?:left|created|joined) the group\."),
    (SYSTEM, r"WHO named the group .+"),
    (SYSTEM, r"WHO changed the (?:group photo|theme|chat theme|chat colou?rs|chat colou?r|group name)(?: to .+)?\."),
    (SYSTEM, r"WHO (?:made|removed) .+ (?:an admin|as a group admin|a group admin)\.?"),
    (SYSTEM, r"WHO (?:pinned|unpinned) a message\."),
    (SYSTEM, r"WHO created a poll: .+"),
    (SYSTEM, r"WHO voted for .+ in the poll.*"),
    (SYSTEM, r"This poll is no longer available\.?"),
    (SYSTEM, r"WHO (?:set|cleared) (?:the nickname for .+|(?:your|his|her|their) (?:own )?nickname)(?: to .+)?\."),
    (SYSTEM, r"WHO set the (?:emoji|quick reaction) to .+"),
    (SYSTEM, r"Reacted \S+ to your message ?"),
    (SYSTEM, r"Liked a message ?"),
)


def recogniser(names: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function from a message's text to its kind where Messenger wrote it, else None.

    `names` are the participants and senders of the thread. A sentence must fill the whole message.
    """
    people = {form for name in names if name.strip() for form in (name.strip(), name.split()[0])}
    whole = "|".join(sorted(map(re.escape, people), key=lambda form: (-len(form), form)))
    who, whom = (f"(?:{you}|{whole})" if whole else you for you in ("You", "[Yy]ou"))
    patterns = [
        (
            kind,
            re.compile("|".join(frame.replace("WHOM", whom).replace("WHO", who) for k, frame in FRAMES if k == kind)),
        )
        for kind in dict.fromkeys(kind for kind, _ in FRAMES)
    ]
    # Most messages are told apart by their first word, long before any of the sentences is tried.
    opening = re.compile(f"{who} |The |This |You |Say |Messages |Reacted |Liked ")

    def kind(text: str) -> str | None:
        if not opening.match(text):
            return None
        return next((kind for kind, pattern in patterns if pattern.fullmatch(text)), None)

    return kind
