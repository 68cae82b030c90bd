"""Who is who in a chat of Telegram: told apart by accounts, called by names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from friendbot.archives.names import UNKNOWN, folded

LEFT = "Deleted Account"
"""What Telegram shows for people who left; its export has `null` for their name."""

PAIRS = frozenset({"personal_chat", "bot_chat"})
"""Types of chat that have two parties."""

SAVED = "saved_messages"
"""Type of the chat with oneself."""

SHIFT = 1 << 32
"""By how much the numbers of chats lay above those of accounts in exports before 2021."""

Key = tuple[str | None, str | int | None]
"""Name and account as a message has them."""


@dataclass
class Owner:
    """Whose export it is, as far as the file says."""

    account: str | None
    stated: list[str]
    """The name of the profile."""
    names: list[str] = field(default_factory=list)
    """Names under which the account writes."""

    @classmethod
    def of(cls, information: Any) -> "Owner":
        """Read `personal_information`, which exports of one chat lack."""
        facts = information if isinstance(information, dict) else {}
        parts = [part.strip() for key in ("first_name", "last_name") if isinstance(part := facts.get(key), str)]
        full = " ".join(filter(None, parts))
        return cls(account(facts.get("user_id")), [full] if full else [])


class People:
    """The people of one chat."""

    def __init__(
        self, kind: str, number: Any, title: str, written: Iterable[Key], acted: Iterable[Key], owner: Owner
    ) -> None:
        """`kind`, `number` and `title` are the chat's; `written` are senders, `acted` who service messages are about.

        Names that the owner of the file turns out to have are added to `owner`.
        """
        writers = [_clean(key) for key in written]
        known = [*(_clean(key) for key in acted), *writers]
        self._names = {account: name for name, account in known if account and name}
        self._mine = owner.account
        self._theirs: str | None = None
        self._me: str | None = None
        self._friend: str | None = None
        self._saved = kind == SAVED
        if kind in PAIRS:
            self._tell_apart(number, list(dict.fromkeys(account for _, account in known if account)))
            self._friend = self._names.get(self._theirs or "") or title or (LEFT if self._theirs else None)
        if self._mine in self._names:
            owner.names.append(self._names[self._mine])
        if self._saved or kind in PAIRS:
            self._me = self._names.get(self._mine or "") or next(iter(owner.stated), None)
        if self._friend and self._me and folded(self._me) == folded(self._friend):
            self._friend += " (2)"
        heard = [self.name(key) for key in writers]
        if kind in PAIRS:
            listed = [self._friend, *heard, self._me]
        else:
            listed = [self._me] if self._saved and self._me else [*heard]
        self.participants = tuple(dict.fromkeys(name for name in listed if name))

    def _tell_apart(self, number: Any, accounts: list[str]) -> None:
        """Find the accounts of the two parties; a chat bears the number of the friend's."""
        theirs = {account(number), account(number - SHIFT)} if _is_number(number) else set()
        self._theirs = next((one for one in accounts if one in theirs and one != self._mine), None)
        if self._mine and not self._theirs:
            self._theirs = _only(one for one in accounts if one != self._mine)
        elif self._theirs and not self._mine:
            self._mine = _only(one for one in accounts if one != self._theirs)

    def name(self, key: Key) -> str:
        """What to call the sender of a message."""
        name, account = _clean(key)
        if self._me and (self._saved or (account and account == self._mine)):
            return self._me
        if self._friend and (account == self._theirs if account else not name):
            return self._friend
        return self._names.get(account or "") or name or (LEFT if account else UNKNOWN)

    def is_foreign(self, number: str | int | None) -> bool:
        """Whether a note to oneself was written by another account, and so is not one."""
        return self._saved and self._mine is not None and account(number) not in (None, self._mine)


def account(value: Any) -> str | None:
    """An account as the newer exports have it, `user123`; the older had numbers."""
    return f"user{value}" if _is_number(value) else value if isinstance(value, str) and value else None


def _clean(key: Key) -> tuple[str, str | None]:
    name, number = key
    return (name if name and name.strip() else "", account(number))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _only(accounts: Iterable[str]) -> str | None:
    found = [*accounts]
    return found[0] if len(found) == 1 else None
