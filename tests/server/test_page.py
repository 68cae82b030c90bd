"""The page in a browser: what a person does, what is on the screen, what the server is asked."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from friendbot import transcripts
from friendbot.conversation import Utterance

SECONDS = 20_000
"""Milliseconds, until something that happens soon must have happened."""
SIZE: ViewportSize = {"width": 1200, "height": 800}
MENU = ["Zoë Ångström, about this machine", "New conversation", "Settings"]
FEED = """
window.asked = [];
const real = window.fetch;
window.fetch = (address, options) => {
  if (address !== "/api/answer") return real(address, options);
  const asked = { question: JSON.parse(options.body), signal: options.signal };
  const body = new ReadableStream({
    start(stream) {
      asked.stream = stream;
      options.signal.addEventListener("abort", () => stream.error(options.signal.reason));
    },
  });
  window.asked.push(asked);
  return Promise.resolve(new Response(body));
};
"""
"""In a page, puts the test in the server's place: answers come when `Chat.feed` says so."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("FRIENDBOT_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "no Chromium was found; install one, or name it in FRIENDBOT_BROWSER"
        if os.environ.get("FRIENDBOT_NEED_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    flags += ["--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


class Chat:
    """The page, and the one who uses it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.set_default_timeout(SECONDS)
        page.goto(address, wait_until="commit")
        page.locator("#banner:not(:empty)").wait_for()
        expect(self.field).to_be_focused()
        expect(self.button("Settings")).to_be_visible()

    @property
    def field(self) -> Any:
        return self.page.get_by_label("Message", exact=True)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def type(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def feed(self, *events: dict[str, Any] | str, end: bool = True) -> None:
        """Answer the last question: an event as it is, a text as a whole message."""
        lines: list[dict[str, Any]] = []
        for event in events:
            if isinstance(event, str):
                lines += [typing(), delta(event), {"type": "message", "text": event, "gap": False}]
            else:
                lines.append(event)
        if end:
            lines.append({"type": "end", "complete": True})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        self.page.evaluate("text => asked.at(-1).stream.enqueue(new TextEncoder().encode(text))", text)
        if end:
            self.rest()

    def rest(self) -> None:
        """Wait until no answer is coming."""
        self.page.locator("#stop").wait_for(state="hidden")

    def question(self) -> dict[str, Any]:
        """What the server was asked last, without the seed."""
        question: dict[str, Any] = self.page.evaluate("asked.at(-1).question")
        assert isinstance(question.pop("seed"), int)
        return question

    def shows(self, transcript: str) -> None:
        """Wait for exactly these messages and separators."""
        self.page.wait_for_function(
            """wanted => [...document.querySelectorAll("#log > :not([aria-hidden])")].map((part) =>
            part.matches(".gap") ? "--" : part.classList[1] + ": " + part.querySelector(".text").textContent + "\\n"
        ).join("").replaceAll("--", "--\\n") === wanted""",
            arg=transcript,
        )

    def names(self, presses: int) -> list[str]:
        """The controls that the Tab key comes by."""
        found = []
        for _ in range(presses):
            self.page.keyboard.press("Tab")
            found.append(self.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText"))
        return found


def typing() -> dict[str, Any]:
    return {"type": "typing", "seconds": 1}


def delta(text: str) -> dict[str, Any]:
    return {"type": "delta", "text": text}


def me(text: str, gap: bool = False) -> dict[str, Any]:
    return {"speaker": "me", "text": text, "gap": gap}


def friend(text: str, gap: bool = False) -> dict[str, Any]:
    return {"speaker": "friend", "text": text, "gap": gap}


def watch(context: BrowserContext, server: str) -> list[str]:
    """What goes wrong in a window, from now on: requests to elsewhere, errors, complaints in the console."""
    wrong: list[str] = []
    own = (f"{server}/", f"blob:{server}/")
    context.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda said: None if "Failed to load" in said.text else wrong.append(said.text))
    return wrong


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    """A window of its own. Whatever a test does in it, nothing leaves the server, and nothing goes wrong unseen."""
    context = browser.new_context(viewport=SIZE, locale="en-GB")
    wrong = watch(context, server)
    yield context
    context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def tab(browser: Browser, server: str) -> Iterator[tuple[Page, list[str]]]:
    """A page that tests share, where they answer in the server's place, and what went wrong there."""
    context = browser.new_context(locale="en-GB")
    context.add_init_script(FEED)
    yield context.new_page(), watch(context, server)
    context.close()


@pytest.fixture
def chat(tab: tuple[Page, list[str]], server: str) -> Iterator[Chat]:
    """That page, as new."""
    page, wrong = tab
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="null", reduced_motion="null")
    yield Chat(page, server)
    page.evaluate("sessionStorage.clear()")
    found, wrong[:] = [*wrong], []
    assert found == []


@pytest.fixture
def stopped(context: BrowserContext, server: str) -> Chat:
    """A page whose clock stands where the test sets it."""
    context.add_init_script(FEED)
    return Chat(context.new_page(), server)


def test_a_person_types_and_the_bot_answers(context: BrowserContext, server: str) -> None:
    chat = Chat(context.new_page(), server)
    expect(chat.page.locator("#banner")).to_have_text(
        "A machine that learned from 320 messages with Zoë Ångström up to 19 September 2020. Nobody is there."
    )
    chat.button("Settings").click()
    chat.page.get_by_role("switch", name="Instant answers").click()
    chat.page.keyboard.press("Escape")
    with chat.page.expect_request("**/api/answer") as asked:
        chat.type("How are you?")
    chat.rest()
    answer = httpx.post(f"{server}/api/answer", json=asked.value.post_data_json)
    events = map(json.loads, answer.text.splitlines())
    said = [event["text"] for event in events if event["type"] == "message"]
    assert said
    chat.shows("--\nme: How are you?\n" + "".join(f"friend: {text}\n" for text in said))


def test_an_answer_streams_into_bubbles_and_a_burst_is_one_block(chat: Chat) -> None:
    chat.type("Hi")
    dots, draft = chat.page.locator(".dots"), chat.page.locator("#log > [aria-hidden=true]")
    chat.feed(typing(), end=False)
    expect(dots).to_be_visible()
    chat.feed(delta("hey "), end=False)
    expect(draft).to_have_text("hey ")
    expect(dots).to_have_count(0)
    chat.feed(delta("you"), end=False)
    expect(draft).to_have_text("hey you")
    chat.shows("--\nme: Hi\n")
    chat.feed({"type": "message", "text": "hey you", "gap": False}, end=False)
    chat.shows("--\nme: Hi\nfriend: hey you\n")
    expect(draft).to_have_count(0)
    chat.feed("😂", "ok 😂")
    chat.shows("--\nme: Hi\nfriend: hey you\nfriend: 😂\nfriend: ok 😂\n")
    style = "part => [getComputedStyle(part).borderTopLeftRadius, getComputedStyle(part).fontSize]"
    styles = [part.evaluate(style) for part in chat.page.locator(".friend").all()]
    assert styles == [["18.4px", "16px"], ["4.8px", "41.6px"], ["4.8px", "16px"]]


def test_several_lines_are_one_message_and_markup_is_shown_as_it_is(chat: Chat) -> None:
    chat.field.press_sequentially("<script>document.title='mine'</script>")
    chat.field.press("Shift+Enter")
    chat.field.press_sequentially("<b>two</b>")
    assert chat.field.bounding_box()["height"] > 55
    chat.field.press("Enter")
    chat.feed("<img src=x onerror=alert(1)>")
    chat.shows("--\nme: <script>document.title='mine'</script>\n<b>two</b>\nfriend: <img src=x onerror=alert(1)>\n")
    expect(chat.page).to_have_title("Zoë Ångström")
    assert chat.page.locator("#log :is(script, img, b)").count() == 0
    assert chat.field.bounding_box()["height"] < 50


def test_another_answer_takes_the_last_one_back(chat: Chat) -> None:
    chat.type("Coffee?")
    chat.feed("no", "sorry")
    chat.button("Another answer").click()
    assert chat.question() == {"utterances": [me("Coffee?", gap=True)], "attempt": 1, "silence": False}
    chat.feed("yes")
    chat.button("Another answer").click()
    assert chat.question()["attempt"] == 2
    chat.feed("hmm")
    chat.shows("--\nme: Coffee?\nfriend: hmm\n")
    chat.type("So?")
    assert chat.question()["attempt"] == 0


def test_the_friend_writes_first_and_again_after_a_nudge(chat: Chat) -> None:
    chat.button("Let the machine begin").click()
    assert chat.question() == {"utterances": [], "attempt": 0, "silence": False}
    chat.feed(typing(), {"type": "message", "text": "heyyy", "gap": True})
    chat.button("Nudge").click()
    assert chat.question() == {"utterances": [friend("heyyy", gap=True)], "attempt": 0, "silence": True}
    chat.feed(typing(), {"type": "message", "text": "you there?", "gap": True}, "hello?")
    chat.shows("--\nfriend: heyyy\n--\nfriend: you there?\nfriend: hello?\n")
    expect(chat.page.locator(".gap").last).to_have_text("Some time later")
    chat.button("Another answer").click()
    assert chat.question() == {"utterances": [friend("heyyy", gap=True)], "attempt": 1, "silence": True}


def test_what_is_said_after_hours_opens_a_session(stopped: Chat) -> None:
    chat = stopped
    chat.page.clock.set_fixed_time("2026-03-01T10:30:00")
    chat.type("Morning")
    chat.feed("morning")
    chat.page.clock.set_fixed_time("2026-03-02T09:05:00")
    chat.type("Me again")
    assert chat.question()["utterances"] == [me("Morning", gap=True), friend("morning"), me("Me again", gap=True)]
    chat.feed("hi")
    chat.page.reload()
    expect(chat.page.locator(".gap")).to_have_text(["Sunday, 10:30", "09:05"])


def test_sliders_change_what_is_asked_and_are_remembered(chat: Chat) -> None:
    temperature, top_p = chat.page.get_by_label("Temperature"), chat.page.get_by_label("Top-p")
    chat.button("Settings").click()
    expect(temperature).to_be_focused()
    expect(chat.page.locator("#temperature-value")).to_have_text("0.70 (the model’s own)")
    temperature.press("ArrowLeft")
    top_p.press("ArrowLeft")
    expect(chat.page.locator("#temperature-value")).to_have_text("0.65")
    chat.page.keyboard.press("Escape")
    chat.page.reload()
    chat.type("Hi")
    assert chat.question().items() >= {"temperature": 0.65, "top_p": 0.95}.items()
    chat.feed("hi")
    chat.button("Settings").click()
    chat.button("Back to the model’s own").click()
    expect(chat.button("Back to the model’s own")).to_be_disabled()
    chat.button("Close").click()
    chat.type("Hi")
    assert {"temperature", "top_p"}.isdisjoint(chat.question())


def test_a_reload_keeps_the_conversation_and_another_tab_has_none(chat: Chat, server: str) -> None:
    chat.type("Hi")
    chat.feed("hi there")
    chat.page.reload()
    chat.shows("--\nme: Hi\nfriend: hi there\n")
    chat.type("Still there?")
    assert chat.question()["utterances"] == [me("Hi", gap=True), friend("hi there"), me("Still there?")]
    other = Chat(chat.page.context.new_page(), server)
    other.shows("")
    expect(other.button("Let the machine begin")).to_be_visible()
    other.page.close()


def test_sending_stops_the_answer_and_what_was_shown_stays(chat: Chat) -> None:
    chat.type("One")
    chat.feed("first", typing(), delta("half of "), end=False)
    expect(chat.page.locator("#log > [aria-hidden=true]")).to_have_text("half of ")
    chat.type("Two")
    assert chat.page.evaluate("asked.map((one) => one.signal.aborted)") == [True, False]
    assert chat.question()["utterances"] == [me("One", gap=True), friend("first"), friend("half of"), me("Two")]
    chat.type("Three")
    chat.feed("second")
    chat.shows("--\nme: One\nfriend: first\nfriend: half of\nme: Two\nme: Three\nfriend: second\n")


@pytest.mark.parametrize("how", ["the button", "the Escape key"])
def test_an_answer_can_be_stopped_and_asked_for_again(chat: Chat, how: str) -> None:
    chat.type("Hi")
    chat.feed(typing(), end=False)
    expect(chat.page.locator(".dots")).to_be_visible()
    if how == "the button":
        chat.button("Stop the answer").click()
    else:
        chat.page.keyboard.press("Escape")
    chat.rest()
    assert chat.page.evaluate("asked[0].signal.aborted")
    chat.shows("--\nme: Hi\n")
    expect(chat.page.locator(".dots")).to_have_count(0)
    chat.button("Let the machine answer").click()
    chat.feed("ok")
    chat.shows("--\nme: Hi\nfriend: ok\n")


def test_a_server_that_fails_is_a_quiet_line_and_can_be_asked_again(context: BrowserContext, server: str) -> None:
    chat = Chat(context.new_page(), server)
    line = chat.page.get_by_role("status").filter(has=chat.page.locator("#retry"))
    refusal = json.dumps({"error": {"message": "too many wait"}})
    whole = '{"type":"typing","seconds":1}\n{"type":"message","text":"there","gap":false}\n'
    chat.page.route("**/api/answer", lambda route: route.abort())
    chat.type("Hi")
    expect(line).to_have_text("The server does not answer. Is it still running? Try again")
    chat.page.route("**/api/answer", lambda route: route.fulfill(status=503, body=refusal))
    chat.button("Try again").click()
    expect(line).to_have_text("The server refused: too many wait. Try again")
    chat.page.route("**/api/answer", lambda route: route.fulfill(status=502, body="<html>"))
    chat.button("Try again").click()
    expect(line).to_have_text("The server refused: 502. Try again")
    chat.page.route("**/api/answer", lambda route: route.fulfill(body=whole + '{"type":"delta","text":"lost'))
    chat.button("Try again").click()
    expect(line).to_have_text("The answer broke off. Try again")
    chat.shows("--\nme: Hi\nfriend: there\n")
    chat.page.route("**/api/answer", lambda route: route.fulfill(body=whole + '{"type":"end","complete":true}\n'))
    chat.button("Try again").click()
    chat.shows("--\nme: Hi\nfriend: there\nfriend: there\n")
    expect(chat.button("Try again")).to_be_hidden()


def test_a_new_conversation_asks_if_there_is_something_to_lose(chat: Chat) -> None:
    dialog = chat.page.get_by_role("alertdialog", name="Forget this conversation?")
    chat.button("New conversation").click()
    expect(dialog).to_be_hidden()
    chat.type("Hi")
    chat.feed("hi")
    chat.button("New conversation").click()
    expect(chat.button("Keep it")).to_be_focused()
    chat.page.keyboard.press("Enter")
    chat.shows("--\nme: Hi\nfriend: hi\n")
    chat.button("New conversation").click()
    chat.button("Forget it").click()
    expect(dialog).to_be_hidden()
    chat.shows("")
    chat.page.reload()
    chat.shows("")


def saved(chat: Chat, button: str) -> tuple[str, bytes]:
    with chat.page.expect_download() as download:
        chat.button(button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def open_file(chat: Chat, content: bytes) -> None:
    with chat.page.expect_file_chooser() as chooser:
        chat.button("Open a saved JSONL…").click()
    chooser.value.set_files({"name": "it.jsonl", "mimeType": "text/plain", "buffer": content})


def test_a_conversation_is_saved_and_opened_again(stopped: Chat, tmp_path: Path) -> None:
    chat = stopped
    chat.page.clock.set_fixed_time("2026-03-01T10:30:00.000Z")
    chat.type("Zoë?\n\nAre you there?")
    chat.feed("yes 😂")
    chat.button("Settings").click()
    name, text = saved(chat, "Save as text")
    assert name == "conversation-2026-03-01.txt"
    assert re.sub(r"\n01/03/2026, .*", "\nWHEN", text.decode()) == (
        "A conversation with a machine that learned from messages with Zoë Ångström. Zoë Ångström wrote none of this.\n"
        "\nWHEN\nAnn Marie O'Neil: Zoë?\n    \n    Are you there?\nZoë Ångström (machine): yes 😂\n"
    )
    name, jsonl = saved(chat, "Save as JSONL")
    assert name == "conversation-2026-03-01.jsonl"
    assert jsonl.decode() == (
        '{"speaker":"me","name":"Ann Marie O\'Neil","text":"Zoë?\\n\\nAre you there?","gap":true,'
        '"at":"2026-03-01T10:30:00.000Z"}\n'
        '{"speaker":"friend","name":"Zoë Ångström","text":"yes 😂","gap":false,"at":"2026-03-01T10:30:00.000Z"}\n'
    )

    in_the_terminal = tmp_path / "terminal.jsonl"
    in_the_terminal.write_bytes(jsonl)
    said = transcripts.read(in_the_terminal)
    assert said == [Utterance("me", "Zoë?\n\nAre you there?", True), Utterance("friend", "yes 😂")]

    open_file(chat, jsonl + b'{"speaker":"nobody"}\n')
    expect(chat.page.locator("#file-trouble")).to_have_text("Line 3 of the file is no message of a saved conversation.")
    open_file(chat, jsonl + json.dumps({"speaker": "me", "text": "a" * 10_001}).encode())
    expect(chat.page.locator("#file-trouble")).to_have_text("Line 3 of the file holds too long a message.")
    in_the_terminal.unlink()
    transcript = transcripts.Transcript(in_the_terminal, {"me": "Ann", "friend": "Zoë"})
    transcript.follow(said)
    transcript.follow([said[0], Utterance("friend", "no 😂")])
    open_file(chat, in_the_terminal.read_bytes())
    chat.button("Forget it").click()
    chat.shows("--\nme: Zoë?\n\nAre you there?\nfriend: no 😂\n")


def test_of_a_long_file_the_end_is_kept_and_half_letters_are_replaced(chat: Chat) -> None:
    lines = [json.dumps({"speaker": "me", "text": f"{number} " + "a" * 9_000}) for number in range(200)]
    chat.button("Settings").click()
    open_file(chat, "\n".join([*lines, '{"speaker":"friend","text":"ok \\ud83d"}']).encode())
    expect(chat.page.locator(".message").last).to_have_text("Zoë Ångström: ok \ufffd")
    texts = chat.page.locator(".message .text").all_text_contents()
    assert 1 < len(texts) < 60
    assert [text.split()[0] for text in texts] == [*map(str, range(201 - len(texts), 200)), "ok"]
    chat.type("Hi")
    assert chat.question()["utterances"][-2:] == [friend("ok \ufffd"), me("Hi")]


def test_the_card_tells_whose_words_how_many_and_how_good(context: BrowserContext, server: str) -> None:
    page = context.new_page()

    def measured(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "metrics": {"friend": {"bits_per_char": 1.25}}})

    page.route("**/api/bot", measured)
    chat = Chat(page, server)
    chat.button(MENU[0]).click()
    dialog = page.get_by_role("dialog", name="A machine that writes like Zoë Ångström")
    expect(dialog).to_contain_text("320 messages, 2,")
    expect(dialog).to_contain_text("13 September 2020 to 19 September 2020")
    expect(dialog).to_contain_text("80 later messages, to measure it")
    expect(dialog).to_contain_text("1.25 bits per character")
    expect(dialog).to_contain_text("Temperature")
    chat.button("Close").click()
    expect(dialog).to_be_hidden()


def test_everything_is_done_by_keyboard(chat: Chat) -> None:
    chat.page.keyboard.press("Tab")
    assert chat.names(3) == MENU
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("dialog", name="Settings")).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.button("Settings")).to_be_focused()
    assert chat.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert chat.names(3) == ["Conversation", "Let the machine begin", "Message"]
    chat.page.keyboard.type("Hi")
    assert chat.names(1) == ["Send"]
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    assert chat.names(1) == ["Stop the answer"]
    chat.feed("hi")
    expect(chat.field).to_be_focused()
    chat.page.keyboard.press("Shift+Tab")
    chat.page.keyboard.press("Shift+Tab")
    expect(chat.button("Another answer")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    assert chat.question()["attempt"] == 1


def test_screen_readers_get_each_message_once_and_whole(chat: Chat) -> None:
    log = chat.page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    chat.type("Hi")
    expect(chat.page.locator("#spoken")).to_have_text("Zoë Ångström is typing")
    chat.feed(typing(), delta("he"), end=False)
    expect(chat.page.locator("#log > [aria-hidden=true]")).to_have_text("he")
    chat.feed("hello")
    expect(chat.page.locator("#spoken")).to_be_empty()
    expect(log.locator(".message")).to_have_text(["You: Hi", "Zoë Ångström: hello"])
    unnamed = (
        "[...document.querySelectorAll('button, input, textarea')].filter((one) => !(one.ariaLabel || one.innerText"
    )
    assert chat.page.evaluate(f"{unnamed} || one.textContent.trim() || one.labels?.length || one.hidden)).length") == 0


def test_it_fits_the_window(chat: Chat) -> None:
    wide = (
        "[document.documentElement, document.querySelector('#scroll')].map((one) => one.scrollWidth - one.clientWidth)"
    )
    chat.page.set_viewport_size({"width": 360, "height": 640})
    for number in range(6):
        chat.type("a" * 300 if number == 3 else f"message {number}")
        chat.feed("well\nok", "W" * 200)
    for width, height in ((360, 640), (320, 256), (600, 300), (1200, 800)):
        chat.page.set_viewport_size({"width": width, "height": height})
        assert chat.page.evaluate(wide) == [0, 0]
        for part in (chat.field, chat.button("Send"), chat.button("Settings"), chat.button("Nudge")):
            expect(part).to_be_in_viewport(ratio=1)
        chat.button(MENU[0]).click()
        box = chat.page.locator("#about").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] <= height
        expect(chat.page.locator("#about-title")).to_be_in_viewport(ratio=1)
        chat.page.keyboard.press("Escape")


def test_whoever_reads_further_up_is_left_there(chat: Chat) -> None:
    chat.page.set_viewport_size({"width": 360, "height": 400})
    scroll = chat.page.locator("#scroll")
    for _ in range(4):
        chat.type("Hi")
        chat.feed("a", "b")
    scroll.evaluate("part => part.scrollTop = 0")
    latest = chat.button("To the latest message")
    expect(latest).to_be_visible()
    chat.button("Nudge").evaluate("button => button.click()")
    chat.feed("c", "d", "e")
    assert scroll.evaluate("part => part.scrollTop") == 0
    latest.click()
    expect(latest).to_be_hidden()
    expect(chat.page.locator(".friend").last).to_be_in_viewport()


CONTRAST = """
selector => {
  const part = document.querySelector(selector);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let under = part;
  while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
  const [low, high] = [getComputedStyle(part).color, getComputedStyle(under).backgroundColor].map(light).sort();
  return [(high + 0.05) / (low + 0.05), light(getComputedStyle(document.body).backgroundColor)];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_and_readable(chat: Chat, scheme: Any) -> None:
    chat.page.emulate_media(color_scheme=scheme)
    chat.type("Hi")
    chat.feed("hi")
    for selector in (".me", ".friend", ".gap", "#banner", "#doing", ".chip", "#text", "#trouble", "#retry"):
        contrast, background = chat.page.evaluate(CONTRAST, selector)
        assert contrast >= 4.5, selector
        assert (background > 0.5) == (scheme == "light")


def test_the_dots_stand_still_for_those_who_want_no_motion(chat: Chat) -> None:
    chat.page.emulate_media(reduced_motion="reduce")
    chat.type("Hi")
    chat.feed(typing(), end=False)
    moving = "getComputedStyle(document.querySelector('.dots span')).animationName"
    assert chat.page.evaluate(moving) == "none"
    chat.page.emulate_media(reduced_motion="no-preference")
    assert chat.page.evaluate(moving) == "dot"


def test_of_a_long_conversation_the_end_is_asked_about(chat: Chat) -> None:
    said = [{"speaker": "me", "text": f"{number} " + "ä" * 1000, "gap": False, "at": 0} for number in range(200)]
    keep = "([said, key]) => sessionStorage.setItem(key, JSON.stringify({ said, attempt: 0, seed: 1 }))"
    chat.page.evaluate(keep, [said, "friendbot.conversation.Zoë Ångström"])
    chat.page.reload()
    expect(chat.page.locator(".message")).to_have_count(200)
    chat.type("Hi")
    utterances = chat.question()["utterances"]
    assert utterances[0]["text"].split()[0] == "192"
    assert utterances[-1] == me("Hi", gap=True)


def test_the_browser_loads_nothing_from_elsewhere(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.goto(server)
    refused = page.evaluate("""() => new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        document.body.append(Object.assign(document.createElement("img"), { src: "https://example.com/x.png" }));
    })""")
    assert refused == "img-src"
    page.close()
