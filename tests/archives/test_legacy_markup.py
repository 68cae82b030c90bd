"""The markup of Facebook's legacy pages."""

import pytest
from archive_writers import FRIEND, ME, legacy_block, legacy_message
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.formats import legacy_markup
from friendbot.archives.formats.legacy_markup import Rows

A, B = "Friday, October 4, 2013 at 10:05pm UTC", "Friday, October 4, 2013 at 10:06pm UTC"


def block(*bodies: str) -> str:
    return legacy_block([legacy_message(FRIEND, body, A, raw=True) for body in bodies])


def rows(text: str) -> Rows:
    found = legacy_markup.rows(text.encode())
    assert found is not None
    return found


def unusual(text: str) -> str:
    """The same block in markup that says the same and is not how most messages are written."""
    return text.replace('<div class="message">', "<div class='message'>")


bodies = st.lists(
    st.one_of(
        st.text("ab &<>;#x3'\"\n\r\t\x00\x07\x85\u00a0é🚀\u2028", max_size=12).map(
            lambda text: text.replace("<", "&lt;")
        ),
        st.sampled_from(
            [
                "",
                "&eacute; &#039; &lt;b&gt; &amp;amp; &unknown;",
                "<p>a</p>",
                "a<br/>b<br>c",
                "<img src='x.jpg'/>",
                "&#7;",
            ]
        ),
        st.sampled_from(["a</p><p>b", "x <a href='y'>y</a> z", "&#x80;&#xD83D;&#xDE80;&#55357;", "<3 & <", "a &amp b"]),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(bodies=bodies)
def test_the_usual_shape_and_any_other_are_read_alike(bodies: list[str]) -> None:
    text = block(*bodies)
    assert rows(text) == rows(unusual(text))
    assert rows(text).texts == legacy_markup.salvaged(text.encode()).texts
    assert len(rows(text).texts) == len(bodies)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<q>no paragraph</q>", "no paragraph"),
        ("a<div>b</div>c", "a"),
        ("<b><p>x</p></b>", "x"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("<!-- c -->d", "d"),
    ],
)
def test_text_that_stands_oddly(body: str, text: str) -> None:
    assert rows(block("before", body, "after")).texts == ["after", text, "before"]


def test_text_outside_of_a_paragraph() -> None:
    text = block("one", "two").replace("<p>two</p>", "<r>two</p>").replace("<p>one</p>", "?p>one</p>")
    assert rows(text).texts == ["two", "?p>one"]


def test_messages_whose_own_element_is_damaged() -> None:
    text = block("one", "two", "three").replace('class="message"', 'class="mess!ge"', 2)
    found = rows(text)
    assert found.texts == ["three", "two", "one"]
    assert found.senders == [FRIEND] * 3
    assert found.whens == [A] * 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</div></div>", "</div>"),
        ("</div></div>", "</div></div></div>"),
        ("<p>5", "<textarea><p>5"),
        ("<p>5", "</body></html><p>5"),
        ("<p>5", "<!--><p>5"),
    ],
)
def test_elements_that_do_not_close_where_they_should(old: str, new: str) -> None:
    texts = [str(number) for number in range(3000)]
    text = block(*texts).replace(old, new)
    found = legacy_markup.salvaged(text.encode())
    assert found.whens == [A] * 3000
    assert [text.removeprefix("<p>").removesuffix("</p>") for text in found.texts] == texts[::-1]


def test_what_comes_after_a_thread_is_none_of_it() -> None:
    page = f'{block("one")}</div></div><div class="footer"><p>Downloaded by {ME}</p></div></body></html>'
    assert rows(page).texts == rows(unusual(page)).texts == ["one"]


@pytest.mark.parametrize(
    ("head", "people"),
    [
        ("A, B", "A, B"),
        ("\n A,\n B &amp; C\x07", "A, B & C"),
        ("<h3>Conversation with A: B</h3>Participants: A: B, C", "A: B, C"),
        ("<h3>Konverzácia</h3>A", "A"),
        ("<h3>C</h3>Participants: A<img src='x.jpg'/>", "A"),
        ("A <b>B</b> C<div>no</div>", "A B C"),
        ("", ""),
    ],
)
def test_the_line_of_participants(head: str, people: str) -> None:
    assert legacy_markup.people(f'<div class="thread">{head}'.encode()) == people


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read(data: bytes) -> None:
    opening = b'<div class="thread">'
    for junk in (data, opening + data, opening + data + block("one").encode()):
        legacy_markup.people(junk)
        legacy_markup.senders(junk)
        legacy_markup.times(junk)
        for found in (legacy_markup.rows(junk) or Rows([], [], [], []), legacy_markup.salvaged(junk)):
            assert len(found.senders) == len(found.whens) == len(found.texts) == len(found.pictures)
            assert not any(character in text for text in found.texts for character in "\0\x07\x9f\r")
