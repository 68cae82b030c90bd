import pytest

from friendbot import messages, threads
from friendbot.errors import ThreadError
from friendbot.messages import Message
from friendbot.threads import Thread

OWNER = "Ann O’Neil"


def conversation(
    thread_id: str, people: tuple[str, ...], senders: str, title: str | None = None, kind: str = "text"
) -> list[Message]:
    """One message a minute by each of `senders`, digits into people; 0 is the owner."""
    return [
        Message(thread_id, title or people[-1], people, OWNER, people[int(sender)], seq * 60_000, seq, kind, "hello")
        for seq, sender in enumerate(senders)
    ]


ENOUGH = "01" * 50
SHORT = "01" * 20


def listed(*conversations: list[Message]) -> list[Thread]:
    return threads.summarise(messages.batches(message for part in conversations for message in part))


def test_counts_by_sender_and_kind_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "BATCH", 3)
    long = conversation("a", (OWNER, "Bo"), "01101")
    media = [message._replace(kind="media", seq=5 + message.seq) for message in conversation("a", (OWNER, "Bo"), "1")]
    (thread, other) = listed(long + media, conversation("b", (OWNER, "Cy"), "01"))
    assert thread.counts == {(OWNER, "text"): 2, ("Bo", "text"): 3, ("Bo", "media"): 1}
    assert (thread.first, thread.last, thread.kinds().total()) == (0, 240_000, 6)
    assert thread.others == ("Bo",)
    assert other.thread_id == "b"


@pytest.mark.parametrize("name", ["Zoë Ångström", "zoe angstrom", "ZOE  ÅNGSTRÖM ", "the_id"])
def test_a_name_is_found_without_case_accents_and_spaces(name: str) -> None:
    known = listed(conversation("the_id", (OWNER, "Zoë Ångström"), ENOUGH), conversation("x", (OWNER, "Bo"), ENOUGH))
    assert threads.find(known, name).thread_id == "the_id"


def test_the_comma_and_the_curly_apostrophe() -> None:
    known = listed(
        conversation("a", (OWNER, "Grissom O’Neil"), ENOUGH), conversation("b", (OWNER, "Smith, John"), ENOUGH)
    )
    assert threads.find(known, "grissom o'neil").thread_id == "a"
    assert threads.find(known, "Smith, John").thread_id == "b"


GROUP = conversation("g", (OWNER, "Bo", "Cy"), "012", title="Climbers")
LEFT = conversation("left", (OWNER, "Di"), "01", title="Di") + [
    Message("left", "Di", (OWNER, "Di"), OWNER, "Ed", 3 * 60_000, 2, "text", "I left")
]
NOTES = conversation("notes", (OWNER,), "00")
SILENT = conversation("silent", (OWNER, "Flo"), "000")
CALLS = conversation("calls", (OWNER, "Gus"), "0") + [
    Message("calls", "Gus", (OWNER, "Gus"), OWNER, "Gus", 60_000, 1, "call", "")
]
TWINS = conversation("twin_1", (OWNER, "Hal"), ENOUGH + "01") + conversation("twin_2", (OWNER, "Hal"), ENOUGH)
FEW = conversation("few", (OWNER, "Ida"), SHORT)
ASK = "; `python src/stats.py ARCHIVE` lists the threads that can"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("climbers", "'Climbers' cannot be learned from: it is a group of 3 people" + ASK),
        (
            "Bo",
            "Bo is there only in 'Climbers', and cannot be learned from: it is a group of 3 people" + ASK,
        ),
        ("g", "thread g cannot be learned from: it is a group of 3 people" + ASK),
        (
            "Di",
            "'Di' cannot be learned from: it has two participants, but Ed wrote in it too, "
            "so it is not between two people" + ASK,
        ),
        ("Flo", "the thread with Flo cannot be learned from: Flo never typed a message in it" + ASK),
        ("Gus", "the thread with Gus cannot be learned from: Gus never typed a message in it" + ASK),
        ("notes", "thread notes cannot be learned from: it has only one party: notes to oneself" + ASK),
        ("ann o'neil", "ann o'neil is the owner of this archive; filter.friend names the other party"),
        (
            "Hal",
            "2 threads are with Hal: set filter.friend to the id of one: "
            "twin_1 (102 typed messages, 1970-01-01 to 1970-01-01); "
            "twin_2 (100 typed messages, 1970-01-01 to 1970-01-01)",
        ),
        (
            "Ida",
            "the thread with Ida cannot be learned from: it holds 40 typed messages and 100 are needed" + ASK,
        ),
        ("Hall", "there is no thread with Hall; the nearest are: Hal"),
        ("Nobody Atall", "there is no thread with Nobody Atall; those with most messages are: Hal, Hal"),
    ],
)
def test_a_thread_that_does_not_do_says_why(name: str, message: str) -> None:
    known = listed(GROUP, LEFT, NOTES, SILENT, CALLS, TWINS, FEW)
    with pytest.raises(ThreadError) as caught:
        threads.find(known, name)
    assert str(caught.value) == message


def test_two_downloads_with_one_friend_ask_which() -> None:
    known = listed(conversation("zoe_1", (OWNER, "Zoë"), ENOUGH), conversation("legacy:Zoë", (OWNER, "Zoë"), ENOUGH))
    for name in ("Zoë", "zoe"):
        with pytest.raises(ThreadError, match="2 threads are with"):
            threads.find(known, name)
    assert threads.find(known, "legacy:Zoë").thread_id == "legacy:Zoë"


def test_one_usable_thread_among_two_of_a_name_is_taken() -> None:
    known = listed(conversation("dead", (OWNER, "Hal"), "00"), conversation("alive", (OWNER, "Hal"), ENOUGH))
    assert threads.find(known, "Hal").thread_id == "alive"


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("calls", ["calls"]),
        ("hal", ["twin_1", "twin_2"]),
        ("Ida", ["few"]),
        ("climbers", ["g"]),
        ("Cy", ["g"]),
        ("Bo", ["g"]),
        ("ED", ["left"]),
        ("jean", ["jean"]),
        ("glenn  jean-luc", ["jean"]),
        ("crew", ["crew"]),
        ("moon", ["crew"]),
        ("nobody", None),
        ("", None),
    ],
)
def test_what_a_name_may_mean(name: str, ids: list[str] | None) -> None:
    jean = conversation("jean", (OWNER, "Jean-Luc Glenn"), "01")
    crew = conversation("crew", (OWNER, "Kim Moon", "Lu"), "012", title="Crew 🚀")
    known = listed(GROUP, LEFT, NOTES, SILENT, CALLS, TWINS, FEW, jean, crew)
    if ids is None:
        with pytest.raises(ThreadError, match="there is no thread with"):
            threads.named(known, name)
    else:
        assert sorted(thread.thread_id for thread in threads.named(known, name)) == ids
