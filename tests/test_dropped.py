from friendbot.dropped import Dropped


def test_examples_are_counted_cut_and_harmless_on_a_terminal() -> None:
    dropped = Dropped()
    for text in ("You missed a call from Zoë.", "Zoë called you.", "You missed a call from Zoë."):
        dropped.add("call", text)
    dropped.add("call", "")
    dropped.add("system", "Zoë named the group the quick brown fox jumps over")
    dropped.add("system", "one\ntwo\x1b[31m three")
    dropped.add("blank", " ")
    assert dropped.counts == {"call": 4, "system": 2, "blank": 1}
    assert dropped.total() == 7
    assert dropped.examples() == (
        "# What was left out of the thread, by reason: its commonest forms, cut to 40 characters.\n"
        "# They are somebody's words: this file stays on this machine.\n"
        "\n"
        "blank: 1\n"
        "      1 without text\n"
        "\n"
        "call: 4\n"
        "      2 x  You missed a call from Zoë.\n"
        "      1 x  Zoë called you.\n"
        "      1 without text\n"
        "\n"
        "system: 2\n"
        "      1 x  Zoë named the group the quick brown fox…\n"
        "      1 x  one two [31m three\n"
    )


def test_only_the_commonest_forms_are_shown() -> None:
    dropped = Dropped()
    for number in range(25):
        for _ in range(number + 1):
            dropped.add("media", f"form {number:02}")
    text = dropped.examples()
    assert text.count(" x  form") == 20
    assert "     25 x  form 24\n" in text
    assert text.endswith("          and 5 other forms\n")
