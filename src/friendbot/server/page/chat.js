// The chat: a person types, the server answers, and everything on the page follows.

import * as api from "./api.js";
import * as card from "./card.js";
import { Conversation, parse } from "./conversation.js";
import { Log } from "./log.js";
import { Settings } from "./settings.js";

const at = (id) => document.getElementById(id);
const log = new Log(at("log"), at("scroll"), at("latest"));
const text = at("text");

let bot, conversation, settings;
let running = null; // the AbortController of the answer that is coming
let typed = ""; // what of its present message was shown

async function begin() {
  say("");
  try {
    bot = await api.bot();
  } catch (error) {
    fail(error);
    return;
  }
  const { friend } = bot;
  const storage = tab();
  conversation = new Conversation(`friendbot.conversation.${friend}`, storage);
  settings = new Settings(bot.decoding, storage);
  document.title = friend;
  at("friend").textContent = log.names.friend = friend;
  at("who").ariaLabel = `${friend}, about this machine`;
  at("banner").textContent = card.banner(bot);
  for (const avatar of document.querySelectorAll(".avatar")) avatar.textContent = initials(friend);
  card.show(bot);
  log.show(conversation.said);
  log.follow();
  refresh();
}

/** The tab's own storage; where the browser forbids it, nothing is kept. */
function tab() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {} };
  }
}

/** Has the friend write, in place of any answer that is coming. */
async function ask() {
  stop();
  say("");
  const mine = (running = new AbortController());
  refresh();
  at("spoken").textContent = `${bot.friend} is typing`;
  let messages = 0;
  try {
    for await (const event of api.answer({ ...conversation.request(Date.now()), ...settings.chosen }, mine.signal)) {
      if (running !== mine) return;
      const now = Date.now();
      if (event.type === "typing") {
        log.type(conversation.opens(now), now);
      } else if (event.type === "delta") {
        typed += event.text;
        log.stream(typed);
      } else if (event.type === "message") {
        typed = "";
        add("friend", event.text);
        messages += 1;
      }
    }
    if (running === mine && !messages) {
      conversation.attempt += 1;
      throw new api.Trouble("No answer came.");
    }
  } catch (error) {
    if (running !== mine) return;
    fail(error);
  }
  if (running === mine) rest();
}

/** Stops the answer that is coming; what was shown of it stays. */
function stop() {
  if (!running) return;
  running.abort();
  if (typed.trim()) add("friend", typed.trim());
  rest();
}

function rest() {
  running = null;
  typed = "";
  log.settle();
  at("spoken").textContent = "";
  refresh();
}

function add(speaker, words) {
  conversation.add(speaker, words, Date.now());
  log.add(conversation.last);
}

function send() {
  const words = text.value.trim();
  if (!bot || !words) return;
  stop();
  text.value = "";
  grow();
  conversation.silence = false; // of a nudge that came to nothing
  add("me", words);
  log.follow();
  ask();
}

/** Which controls there are now. A control that leaves hands the keyboard's focus to the message field. */
function refresh() {
  const last = conversation.last?.speaker;
  const idle = !running && at("retry").hidden;
  const focused = document.activeElement;
  at("doing").textContent = running ? "typing…" : "machine";
  at("stop").hidden = !running;
  at("again").hidden = !idle || last !== "friend";
  at("nudge").hidden = !idle;
  const nudge = { friend: "Nudge", me: "Let the machine answer" }[last] ?? "Let the machine begin";
  at("nudge").lastElementChild.textContent = nudge;
  at("nudge").title = last === "friend" ? "As if a long time had passed" : "";
  at("welcome").hidden = Boolean(last) || !idle;
  document.body.classList.toggle("empty", !at("welcome").hidden);
  if (focused?.closest("[hidden]")) text.focus();
}

/** A quiet line below the messages; with a way to try again if something failed. */
function say(words, failed = false) {
  at("trouble").firstElementChild.textContent = words;
  at("retry").hidden = !failed;
}

function fail(error) {
  if (!(error instanceof api.Trouble)) reportError(error);
  say(error.message, true);
}

/** As high as the text, up to what the style allows. */
function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
  at("send").disabled = !text.value.trim();
}

function initials(name) {
  const words = name.split(/\s+/);
  return [...new Set([words[0], words.at(-1)])].map((word) => [...word][0]).join("").toUpperCase();
}

function save(content, type, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = `conversation-${new Date().toISOString().slice(0, 10)}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Does something that forgets the conversation, after asking if there is one. */
function forgetting(then) {
  if (!conversation.said.length) {
    then();
    return;
  }
  at("sure").showModal();
  at("forget").onclick = () => {
    at("sure").close();
    then();
  };
}

function restart(kept) {
  stop();
  say("");
  conversation.resume(kept);
  log.show(conversation.said);
  log.follow();
  refresh();
  text.focus();
}

async function open(file) {
  at("file-trouble").textContent = "";
  try {
    const said = parse(await file.text());
    forgetting(() => {
      at("settings").close();
      restart({ said });
    });
  } catch (error) {
    at("file-trouble").textContent = error.message;
  }
}

text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  text.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && running && !document.querySelector("dialog[open]")) stop();
});
at("stop").addEventListener("click", stop);
at("retry").addEventListener("click", () => (bot ? ask() : begin()));
at("again").addEventListener("click", () => {
  conversation.again();
  log.show(conversation.said);
  ask();
});
at("nudge").addEventListener("click", () => {
  if (conversation.last?.speaker !== "me") conversation.nudge();
  ask();
});
at("who").addEventListener("click", () => bot && at("about").showModal());
at("set").addEventListener("click", () => bot && at("settings").showModal());
at("new").addEventListener("click", () => bot && forgetting(() => restart()));
at("save-text").addEventListener("click", () => save(conversation.toText(bot), "text/plain", "txt"));
at("save-jsonl").addEventListener("click", () => save(conversation.toJsonl(bot), "application/x-ndjson", "jsonl"));
at("open").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  at("file").value = "";
  if (file) open(file);
});
for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

begin();
