"""Copies of one thread put together."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives import copies, reader

MINUTE, HOUR = 60_000, 3_600_000
QUARTER = HOUR // 4
DAY = 24 * HOUR
A, B = "Ján", "Zoë"


class Said(NamedTuple):
    sent_at: int
    sender: str
    text: str
    kind: str = "text"


def table(messages: Sequence[Said]) -> pa.Table:
    kinds = {position: one.kind for position, one in enumerate(messages)}
    times, senders, texts = [m.sent_at for m in messages], [m.sender for m in messages], [m.text for m in messages]
    return pa.Table.from_batches([reader.said(times, senders, texts, kinds)])


def united(*copies_of: Sequence[Said], steps: Sequence[int] = ()) -> list[Said]:
    found = copies.unite([(table(one), step) for one, step in zip(copies_of, steps or [1] * 9, strict=False)])
    assert found.schema == reader.SAID
    rows = found.to_pylist()
    assert [row["sent_at"] for row in rows] == sorted(row["sent_at"] for row in rows)
    return [Said(row["sent_at"], row["sender"], row["text"], row["kind"]) for row in rows]


def by_time(messages: Sequence[Said]) -> list[Said]:
    return sorted(messages, key=lambda one: one.sent_at)


moments = st.integers(-3, 3)
people = st.sampled_from([A, B])
typed = st.builds(Said, moments, people, st.sampled_from(["", "a", "b", "á\n"]), st.just("text"))
wordless = st.builds(Said, moments, people, st.just(""), st.sampled_from(["media", "call", "empty"]))


def counted(copies_of: Sequence[Sequence[Said]]) -> list[Said]:
    """Each message as often as the copy that has it most often, in the order of the first that has it."""
    taken: list[Said] = []
    have: Counter[tuple[object, ...]] = Counter()
    for messages in copies_of:
        seen: Counter[tuple[object, ...]] = Counter()
        for one in messages:
            key = one if one.kind == "text" else (one.sent_at, one.sender, None)
            seen[key] += 1
            if seen[key] > have[key]:
                have[key] += 1
                taken.append(one)
    return by_time(taken)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.lists(typed, max_size=8), min_size=1, max_size=4))
def test_typed_messages_are_united_as_multisets(several: list[list[Said]]) -> None:
    assert united(*several) == counted(several)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(wordless, max_size=6), min_size=1, max_size=3))
def test_of_what_nobody_typed_who_and_when_are_enough(several: list[list[Said]]) -> None:
    assert united(*several) == counted(several)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.one_of(typed, wordless), max_size=8), min_size=1, max_size=3))
def test_laws(several: list[list[Said]]) -> None:
    whole = united(*several)
    assert united(whole) == whole
    assert united(whole, whole) == whole
    assert {one for messages in several for one in messages if one.kind == "text"} == {
        one for one in whole if one.kind == "text"
    }
    for messages in several:
        assert united(messages, messages) == by_time(messages)
        places = Counter((one.sent_at, one.sender) for one in messages)
        assert places <= Counter((one.sent_at, one.sender) for one in whole)
    typed_only = Counter(one for one in whole if one.kind == "text")
    assert Counter(one for one in united(*several[::-1]) if one.kind == "text") == typed_only


def test_one_copy_is_only_sorted_and_ties_keep_their_order() -> None:
    messages = [Said(2, A, "c"), Said(1, B, "b"), Said(1, A, "a"), Said(1, B, "b")]
    assert united(messages) == [messages[1], messages[2], messages[3], messages[0]]
    sorted_table = table(by_time(messages))
    assert copies.unite([(sorted_table, 1)]).equals(sorted_table)
    assert united([]) == united([], []) == united([], [], steps=[1, MINUTE]) == []


def test_equal_times_keep_the_order_of_the_first_copy_that_has_them() -> None:
    one = [Said(1, A, "x"), Said(1, B, "y")]
    other = [Said(1, B, "y"), Said(1, A, "new"), Said(1, A, "x")]
    assert united(one, other) == [*one, other[1]]


def test_unsent_in_one_copy_is_unsent() -> None:
    kept, oops = Said(1, A, "kept"), Said(2, A, "oops")
    gone = Said(2, A, "", "unsent")
    for several in ([[kept, oops], [kept, gone]], [[kept, gone], [kept, oops]], [[gone], [oops], [kept, oops]]):
        assert united(*several) == [kept, gone]
    photo = Said(2, A, "", "media")
    assert united([kept, photo], [kept, gone]) == [kept, gone]


def test_what_else_was_said_at_that_moment_stays() -> None:
    other, oops, gone = Said(2, A, "other"), Said(2, A, "oops"), Said(2, A, "", "unsent")
    assert Counter(united([other, oops], [other, gone])) == Counter([other, gone])
    assert united([Said(2, B, "oops")], [gone]) == [Said(2, B, "oops"), gone]
    # Where both know it, both are right about the rest.
    assert Counter(united([other, gone], [oops, gone])) == Counter([other, oops, gone])


def test_a_link_that_one_copy_has_as_typed_was_typed_once() -> None:
    typed_link, link = Said(5, A, "see https://a.example"), Said(5, A, "https://a.example", "share")
    assert united([typed_link], [link]) == united([link], [typed_link]) == [typed_link]
    sticker = Said(5, A, "", "media")
    assert Counter(united([typed_link, sticker], [link, sticker])) == Counter([typed_link, sticker])
    assert Counter(united([typed_link], [link, sticker])) == Counter([typed_link, sticker])


class Scene(NamedTuple):
    """What was said, every few minutes, and which of two downloads has it."""

    said: list[Said]
    fine: list[bool]
    coarse: list[bool]


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Every text may repeat, but not within the three minutes in which a coarse clock cannot tell it apart."""
    gaps = draw(st.lists(st.integers(3 * MINUTE + 1, 9 * MINUTE), min_size=1, max_size=15))
    said = []
    time = draw(st.integers(0, DAY))
    for number, gap in enumerate(gaps):
        time += gap
        said.append(Said(time, draw(people), draw(st.sampled_from(["ok", f"number {number}"]))))
    flags = st.lists(st.booleans(), min_size=len(said), max_size=len(said))
    return Scene(said, draw(flags), draw(flags))


def floored(messages: Sequence[Said], shift: int = 0) -> list[Said]:
    return [one._replace(sent_at=(one.sent_at + shift) // MINUTE * MINUTE) for one in messages]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(scenes())
def test_coarse_copies_add_only_what_the_fine_ones_lack(scene: Scene) -> None:
    # Some messages in common that are said once tell that the clocks agree.
    sure = [Said(-DAY - number * HOUR, B, f"sure {number}") for number in range(20)]
    fine = sure + [one for one, there in zip(scene.said, scene.fine, strict=True) if there]
    coarse = [one for one, there in zip(scene.said, scene.coarse, strict=True) if there]
    added = [one for one in coarse if one not in fine]
    expected = Counter(fine) + Counter(floored(added))
    assert Counter(united(fine, floored(sure + coarse), steps=[1, MINUTE])) == expected
    assert Counter(united(floored(sure + coarse), fine, steps=[MINUTE, 1])) == expected


@pytest.mark.parametrize("shift", [-11 * HOUR, -HOUR, 0, 5 * HOUR + 3 * QUARTER, 14 * HOUR])
def test_a_clock_read_in_a_wrong_zone_is_put_right(shift: int) -> None:
    said = [Said(number * 7 * HOUR, A if number % 3 else B, f"said {number}") for number in range(40)]
    said += [Said(number * 5 * HOUR + 777, A, "ok") for number in range(40)]
    said = by_time(said)
    older = [Said(-number * DAY, B, f"older {number}") for number in range(1, 4)][::-1]
    assert united(said, floored(said, shift), steps=[1, MINUTE]) == said
    assert united(said, floored([*older, *said], shift), steps=[1, MINUTE]) == [*older, *said]
    lacking = [one for number, one in enumerate(said) if number % 11]
    found = united(lacking, floored(said, shift), steps=[1, MINUTE])
    assert floored(found) == floored(said)


def test_summer_time_makes_it_two_zones() -> None:
    said = [Said(number * DAY + number, A, f"day {number}" if number % 2 else "hi") for number in range(365)]
    local = [one._replace(sent_at=one.sent_at + HOUR * (90 < number < 270)) for number, one in enumerate(said)]
    assert united(said, floored(local), steps=[1, MINUTE]) == said


def test_white_space_that_html_loses_makes_no_difference() -> None:
    said = [Said(MINUTE, A, "a\u2028 b\n\nc\u00a0d ")]
    assert united(said, [Said(MINUTE, A, "a b c d")], steps=[1, MINUTE]) == said


def test_of_a_coarse_copy_what_nobody_typed_counts_outside_the_finer_period_only() -> None:
    fine = [Said(10 * MINUTE, A, "first"), Said(20 * MINUTE, A, "last")]
    coarse = [Said(minute * MINUTE, B, "", "media") for minute in (1, 10, 15, 20, 30)]
    found = united(fine, coarse, steps=[1, MINUTE])
    assert found == [coarse[0], *fine, coarse[4]]


def test_unsent_is_known_across_clocks() -> None:
    hello, bye = Said(MINUTE, B, "hello there all"), Said(9 * MINUTE, B, "goodbye you all")
    well = Said(2 * MINUTE, A, "how are you all")
    oops, gone = Said(5 * MINUTE + 30, A, "oops"), Said(5 * MINUTE + 30, A, "", "unsent")
    for shift in (0, 3 * HOUR):
        coarse_oops, coarse_gone = (floored([hello, well, one, bye], shift) for one in (oops, gone))
        assert united([hello, well, gone, bye], coarse_oops, steps=[1, MINUTE]) == [hello, well, gone, bye]
        assert united([hello, well, oops, bye], coarse_gone, steps=[1, MINUTE]) == [hello, well, gone, bye]
        assert united([hello, well, gone, bye], coarse_gone, steps=[1, MINUTE]) == [hello, well, gone, bye]
        both = floored([hello, well, oops, gone, bye], shift)
        assert united([hello, well, gone, bye], both, steps=[1, MINUTE]) == [
            hello,
            well,
            *floored([oops]),
            gone,
            bye,
        ]


def test_three_clocks() -> None:
    fine = [Said(61_234, A, "one"), Said(122_345, B, "two")]
    seconds = [Said(61_000, A, "one"), Said(122_000, B, "two"), Said(183_000, A, "three")]
    minutes = [Said(60_000, A, "one"), Said(180_000, A, "three"), Said(240_000, B, "four")]
    assert united(minutes, seconds, fine, steps=[MINUTE, 1000, 1]) == [*fine, seconds[2], minutes[2]]


def test_agreement_of_exact_clocks() -> None:
    one = [Said(number * 10, A, f"n {number}") for number in range(10)]
    other = [Said(number * 10, "A, renamed", f"n {number}") for number in range(5, 15)]
    assert copies.agreement(table(one), table(other), exact=True) == (5, 5, 5)
    strange = [Said(number * 10, A, f"m {number}") for number in range(5, 15)]
    assert copies.agreement(table(one), table(strange), exact=True) == (0, 5, 5)
    assert copies.agreement(table(one), table(other[7:]), exact=True) == (0, 0, 0)
    assert copies.agreement(table(one), table([]), exact=True) == (0, 0, 0)
    photos = [Said(number * 10, A, "", "media") for number in range(5)]
    assert copies.agreement(table(photos), table(photos), exact=True) == (5, 0, 0)


def test_agreement_of_coarse_clocks_is_of_texts_that_are_hardly_typed_twice() -> None:
    one = [Said(number * DAY, A, f"we said number {number}") for number in range(10)] + [Said(5 * DAY, A, "ok")]
    other = floored(by_time(one)[5:], 9 * HOUR) + [Said(5 * DAY, A, "ok")]
    assert copies.agreement(table(by_time(one)), table(by_time(other)), exact=False) == (5, 5, 3)
