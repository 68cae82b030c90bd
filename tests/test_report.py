import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from friendbot.authorship import Authorship, Estimate
from friendbot.dialogue import Line
from friendbot.evaluation import Turn
from friendbot.likeness import Feature, Likeness, Repetition
from friendbot.memorisation import Overlap, Sensitive
from friendbot.report import COLUMNS, OPEN, TURNS, Memory, Report, Tried, figures, render, tables, wording

HOSTILE = "<script>alert(\"x\")</script> 'q' & \u202eאבג 🧗\u200d♀️ http://example.com/?a=1"
PART = {"sessions": 4, "friend": {"messages": 12, "characters": 300}, "me": {"messages": 1009, "characters": 2000}}


def bits(friend: float, everything: float) -> dict[str, object]:
    return {"bits_per_char": everything, "friend": {"bits_per_char": friend}}


def turn(number: int, text: str = "hm") -> Turn:
    def line(speaker: str, said: str) -> Line:
        return Line(0, number, "Ann" if speaker == "me" else "Zoë", speaker, said, 0, "test")

    return Turn(
        [line("me", f"said {number}: {text}")], [line("friend", f"real {number}: {text}")], [f"bot {number}: {text}"]
    )


def full() -> Report:
    features = (
        Feature("message length", "characters", 20.0, 24.0, 80.0, 0.5, 0.4, 0.6, 0.1, 3.0),
        Feature("emoji", "share of messages with one", 0.1, 0.2, 0.0, 0.02, 0.01, 0.03, 0.01, 0.1),
    )
    repetition = dict.fromkeys(("bot", "real", "earlier", "me"), Repetition(0.3, 0.7, 0.0, 0.02, 0.0))
    estimates = [Estimate(value, value - 0.05, value) for value in (0.76, 0.5, 0.99, 0.9, 0.95, 0.1)]
    return Report(
        friend="Zoë Ångström",
        me="Ann O'Neil",
        test={**bits(1.06, 0.9), "adaptive": bits(0.91, 0.8)},
        baselines={
            "uniform": bits(7.1, 7.2),
            "unigram": bits(4.7, 4.8),
            "kneser_ney_10": bits(1.08, 0.95),
            "ppmd": bits(0.98, 0.85),
        },
        sessions={"model": {7: 1.0, 8: 1.2, 9: 0.9}, "kneser_ney_10": {7: 1.1, 8: 1.1, 9: 1.0}},
        history=[
            {"epoch": 1.0, "train_bits_per_char": 3.0, "valid_bits_per_char": 2.5},
            {"epoch": 2.0, "train_bits_per_char": 2.0, "valid_bits_per_char": 1.5},
        ],
        likeness=Likeness(features, 2.0, 1.5, 2.5, 9.0, repetition),
        authorship=Authorship(*estimates),
        truncated=0.03,
        turns=[turn(number) for number in range(90)],
        memory=Memory(
            300, Overlap(14, 63, 120, 0.25, 0.04), Overlap(11, 50, 110, 0.2, 0.05), {"phone": Sensitive(2, 0)}
        ),
        redacted={"email": 1, "address": 2},
        tried=[
            Tried({"temperature": 0.7, "top_k": 0}, 0.8, 0.3, False, 2.0),
            Tried({"temperature": 1.0, "top_k": 0}, 0.6, 0.1, True, 1.2),
        ],
        bound=0.2,
        card={
            "first": "2023-03-06",
            "last": "2024-09-05",
            "messages": {"train": 6405, "valid": 12, "test": 12},
            "parameters": 788480,
            "epoch": 20,
        },
        model_bytes=3_200_000,
        counts={"messages": 8209, "kept": 8029, "dropped": {"call": 18}, "train": PART, "valid": PART, "test": PART},
        params={"model.units": 256},
    )


class Page(HTMLParser):
    """What a browser would see of a page: elements, attributes, words, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.paragraphs: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)
        if tag == "p":
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data
        if "p" in self.open:
            self.paragraphs[-1] += data


def first_line(data: Report) -> str:
    return " ".join(Page(render(data)).paragraphs[0].split())


def test_the_first_line_says_what_the_bot_reaches_beside_the_ngram() -> None:
    assert first_line(full()) == (
        "On messages it has never read, the bot needs 1.06 bits for each letter Zoë wrote; "
        "counting letters (a 10-gram) needs 1.08."
    )


@pytest.mark.parametrize(("own", "said"), [(1.2, "it needs 1.20 bits"), (1.08, "it needs 1.0800 bits")])
def test_the_first_line_says_so_when_the_bot_does_not_beat_the_ngram(own: float, said: str) -> None:
    line = first_line(replace(full(), test=bits(own, 0.5)))
    assert line.startswith("The bot does not beat counting letters")
    assert said in line


def test_scores_that_look_alike_are_given_with_more_decimals() -> None:
    assert "needs 1.0760 bits for each letter Zoë wrote; counting letters (a 10-gram) needs 1.0800" in first_line(
        replace(full(), test=bits(1.076, 0.5))
    )


def test_without_any_finding_each_section_says_so_in_a_line() -> None:
    page = Page(render(Report("Zoë Ångström", "Ann O'Neil")))
    assert page.open == []
    assert page.tags.count("section") == 6
    for said in (
        "How well the bot predicts what Zoë writes was not measured.",
        "Nothing was measured on held-out messages.",
        "There are too few turns to compare habits of writing.",
        "No held-out turns were answered.",
        "Not measured, so take it that it will.",
        "Nothing was taken out of the messages before it learned from them.",
        "No settings were tried against each other",
        "How many messages there were is not known.",
    ):
        assert said in page.words
    assert not {"svg", "table"} & {*page.tags}


@pytest.mark.parametrize("name", [name for name, value in vars(full()).items() if name not in ("friend", "me")])
def test_any_one_finding_may_be_missing(name: str) -> None:
    missing: dict[str, Any] = {name: None}
    assert Page(render(replace(full(), **missing))).open == []


def test_a_full_page_tells_a_person_the_answers() -> None:
    page = Page(render(full()))
    assert page.open == []
    for said in (
        "tells the bot from Zoë in 76 of 100 pairs, Zoë now from Zoë earlier in 50, and Ann from Zoë in 99",
        "In 300 answers it gave no email address",
        "25\u00a0% of its longer messages stand there word for word; of Zoë’s own new ones, 20\u00a0%",
        "has 14 words (63 characters)",
        "1 email address 2 street addresses",
        "the bot needs fewer in 2 of 3",
        "2.0 times (1.5 to 2.5) as far from Zoë as Zoë was earlier, Ann 9.0 times",
        "had to be cut short: 3.0\u00a0%",
        "6,405 messages between Zoë and Ann, 2023-03-06 to 2024-09-05. It is a network of 788,480 numbers, 3.2\u00a0MB",
        "Learning on while reading these messages: the bot, if it counted on while it reads; a compressor (PPMd).",
        "A bot is not the person.",
        "exact ones are in reports/metrics.json",
    ):
        assert said.replace("\u00a0", " ") in page.words


def test_a_secret_that_the_bot_gave_away_is_said_at_the_top() -> None:
    memory = Memory(300, Overlap(14, 63, 0, None, None), Overlap(11, 50, 0, None, None), {"phone": Sensitive(3, 1)})
    page = Page(render(replace(full(), memory=memory)))
    assert "It has: 1 time in 300 answers" in page.words
    assert "gave no email" not in page.words
    assert "none that long" in page.words


def test_turns_are_spread_over_all_and_most_wait_for_a_click() -> None:
    text = render(full())
    shown = [int(number) for number in re.findall(r"bot (\d+): hm", text)]
    assert shown == [*range(0, 90, 3)]
    assert len(shown) == TURNS
    assert len(re.findall(r"bot \d+: hm", text[: text.index("<details>")])) == OPEN


def test_an_answer_without_messages_is_shown_as_nothing() -> None:
    page = Page(render(replace(full(), turns=[turn(1)._replace(bot=[], before=[])])))
    assert "the bot nothing" in page.words


def test_hostile_names_and_messages_stay_text() -> None:
    data = replace(
        full(),
        friend=HOSTILE,
        me=HOSTILE[::-1],
        turns=[turn(1, HOSTILE)],
        params={HOSTILE: HOSTILE},
        redacted={HOSTILE: 2},
    )
    text = render(data)
    page = Page(text)
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "a", "image"} & {*page.tags}
    assert "<script" not in text.casefold()
    assert "bot 1: " + " ".join(HOSTILE.split()) in page.words
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_the_page_asks_for_nothing_from_anywhere() -> None:
    text = render(full())
    page = Page(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert not {"src", "href", "srcset", "action", "data", "xlink:href"} & {name for name, _ in page.attributes}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_pictures_and_tables_have_words_for_those_who_cannot_see_them() -> None:
    text = render(full())
    for picture in re.findall(r"<svg[^>]*>.{0,40}", text):
        assert 'aria-hidden="true"' in picture or re.search(r'role="img"><title>\w', picture)
    assert text.count("<table") == text.count("<caption")
    assert [int(level) for level in re.findall(r"<h([12])", text)] == [1, *[2] * 6]


def test_equal_findings_give_equal_pages() -> None:
    assert render(full()) == render(full())


def test_tables_for_plots_have_the_columns_they_promise() -> None:
    found = tables(full())
    assert found.keys() == COLUMNS.keys() == tables(Report("Zoë", "Ann")).keys()
    for name, rows in found.items():
        assert {tuple(row) for row in rows} == {COLUMNS[name]}
    assert not any(tables(Report("Zoë", "Ann")).values())
    assert found["likeness.csv"][:2] == [
        {"feature": "message length", "who": "bot", "value": 0.5},
        {"feature": "message length", "who": "earlier", "value": 0.1},
    ]
    assert found["sessions.csv"][0] == {"session": 7, "model": 1.0, "kneser_ney_10": 1.1}
    assert found["decoding.csv"][1] == {
        "decoding": "temperature=1",
        "verbatim": 0.1,
        "auc": 0.6,
        "summary": 1.2,
        "chosen": True,
    }


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.5, 1.0]),
        (0.93, 2.01, [0.5, 1.0, 1.5, 2.0, 2.5]),
        (3.0, 3.0, [3.0, 4.0]),
        (0.0, 0.0, [0.0, 0.5]),
        (-4.0, 4.0, [-4.0, -2.0, 0.0, 2.0, 4.0]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low: float, high: float, expected: list[float]) -> None:
    assert figures.ticks(low, high) == expected


def test_a_chart_of_one_point_can_be_drawn() -> None:
    drawn = figures.lines([figures.Series("bot", [(1.0, 0.5)])], "one", "epoch", "bits")
    assert drawn.count("<circle") == 1
    assert "nan" not in drawn


def test_labels_of_points_close_together_do_not_cover_each_other() -> None:
    spots = [figures.Spot("tried", x, y, label) for x, y, label in ((30, 60, "1"), (31, 60, "2"), (60, 50, "3"))]
    drawn = figures.scatter(spots, "close", "x", "y")
    labels = re.findall(r'class="label middle" x="([\d.]+)" y="([\d.]+)"', drawn)
    assert len({(round(float(x)), round(float(y))) for x, y in labels}) == 3
    first, second = ((float(x), float(y)) for x, y in labels[:2])
    assert abs(first[0] - second[0]) + abs(first[1] - second[1]) > 11


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (("Zoë Ångström", "Ann O'Neil"), ("Zoë", "Ann")),
        (("Sam Low", "Sam High"), ("Sam Low", "Sam High")),
        (("Dr. No", "James Bond"), ("Dr. No", "James Bond")),
        (("", "李雷 王"), ("", "李雷 王")),
    ],
)
def test_first_names_stand_for_people_where_they_tell_them_apart(
    names: tuple[str, str], short: tuple[str, str]
) -> None:
    assert wording.short_names(*names) == short


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "0"), (0.0004, "under 0.1"), (0.0123, "1.2"), (0.0996, "10"), (0.405, "40"), (1.0, "100")]
)
def test_shares_are_rounded_for_people(share: float, said: str) -> None:
    assert wording.percent(share) == f"{said}\u00a0%"
