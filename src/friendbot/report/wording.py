"""Numbers and names in words for people."""

KINDS = {
    "email": ("email address", "email addresses"),
    "phone": ("phone number", "phone numbers"),
    "card": ("payment card", "payment cards"),
    "iban": ("bank account", "bank accounts"),
    "address": ("street address", "street addresses"),
    "link": ("link", "links"),
    "name": ("name", "names"),
}
"""One and several of each kind that redaction knows."""


def kind(name: str, count: int = 1) -> str:
    """What is counted; a kind that is not known is its own name."""
    return KINDS.get(name, (name, name))[count != 1]


def short_names(friend: str, me: str) -> tuple[str, str]:
    """First names; the whole ones where those are an initial, or alike."""
    first = [(name.split() or [name])[0] for name in (friend, me)]
    if first[0].casefold() == first[1].casefold() or any(len(name) < 2 or name.endswith(".") for name in first):
        return friend, me
    return first[0], first[1]


def percent(share: float) -> str:
    """A share: no decimals but below 10 %, and never 0 for something."""
    if 0 < share < 0.001:
        return "under 0.1\u00a0%"
    return f"{100 * share:.{0 if share >= 0.0995 or share == 0 else 1}f}\u00a0%"


def hundred(share: float) -> str:
    """Of 100."""
    return f"{100 * share:.0f}"


def number(count: int) -> str:
    """With commas."""
    return f"{count:,}"


def size(count: int) -> str:
    """Bytes."""
    return f"{count / 1e6:.1f}\u00a0MB" if count >= 1e5 else f"{count / 1e3:.1f}\u00a0kB"


def distance(value: float) -> str:
    """Two digits that count, or nearly."""
    return f"{value:.{2 if value >= 0.095 else 3}f}"
