"""What was left out of a thread: how often for each reason, and a few examples to check that it was right."""

from collections import Counter, defaultdict

EXAMPLES, LENGTH = 20, 40
"""Examples shown of each reason at most, and characters of each."""

_ABOUT = """\
# What was left out of the thread, by reason: its commonest forms, cut to {length} characters.
# They are somebody's words: this file stays on this machine.
"""


class Dropped:
    """Counts by reason, with the forms that were seen."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._forms: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, reason: str, text: str) -> None:
        """One message was left out."""
        self.counts[reason] += 1
        form = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 2 * LENGTH]).split())
        if form:
            self._forms[reason][form if len(form) <= LENGTH else form[: LENGTH - 1] + "…"] += 1

    def total(self) -> int:
        """Messages left out, whatever the reason."""
        return self.counts.total()

    def examples(self) -> str:
        """The text of `reports/filter-examples.txt`; deterministic."""
        parts = [_ABOUT.format(length=LENGTH)]
        for reason, count in sorted(self.counts.items()):
            forms = sorted(self._forms[reason].items(), key=lambda item: (-item[1], item[0]))
            lines = [f"{times:7,} x  {form}\n" for form, times in forms[:EXAMPLES]]
            if rest := len(forms) - len(lines):
                lines.append(f"          and {rest:,} other forms\n")
            if silent := count - self._forms[reason].total():
                lines.append(f"{silent:7,} without text\n")
            parts.append(f"\n{reason}: {count:,}\n" + "".join(lines))
        return "".join(parts)
