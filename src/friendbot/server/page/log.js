// The messages on the page. What is being typed is hidden from screen readers: they get each message once, whole.

import { SILENCE } from "./conversation.js";

const PICTURE = String.raw`\p{RI}\p{RI}|\p{ExtPict}[\ufe0f\p{EMod}]*(?:\u200d\p{ExtPict}[\ufe0f\p{EMod}]*)*`;
const EMOJI_ONLY = new RegExp(String.raw`^(?:(?:${PICTURE})\s*){1,5}$`, "u");
const NEAR = 48; // pixels from the end that still count as being there

export class Log {
  constructor(element, scroller, latest) {
    this.element = element;
    this.scroller = scroller;
    this.names = { me: "You", friend: "" };
    this.before = null; // the time of the last message
    this.draft = null; // the bubble being typed
    this.following = true;
    let top = 0;
    scroller.addEventListener("scroll", () => {
      const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
      if (near || scroller.scrollTop < top) this.following = near; // below it may be farther since messages came
      top = scroller.scrollTop;
      latest.hidden = this.following;
    });
    latest.addEventListener("click", () => this.follow());
    const resized = new ResizeObserver(() => this.following && this.follow());
    for (const part of [scroller, ...scroller.children]) resized.observe(part);
  }

  /** Scrolls to the end, and stays there while messages come. */
  follow() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Shows a conversation from its beginning, without having it read out. */
  show(said) {
    this.element.ariaLive = "off";
    this.element.replaceChildren();
    this.before = this.draft = null;
    for (const one of said) this.add(one);
    setTimeout(() => (this.element.ariaLive = "polite"));
  }

  add({ speaker, text, gap, at }) {
    this.settle();
    this.place(speaker, gap, at, text);
    this.before = at;
  }

  /** Dots: a message of the friend is being typed. */
  type(gap, at) {
    this.settle();
    this.draft = this.place("friend", gap, at);
    for (const part of this.draft) part.ariaHidden = "true";
    const bubble = this.draft.at(-1);
    bubble.classList.add("dots");
    bubble.append(...["", "", ""].map(() => document.createElement("span")));
  }

  /** The text of the message being typed so far. */
  stream(text) {
    const bubble = this.draft.at(-1);
    bubble.classList.remove("dots");
    bubble.textContent = text;
  }

  /** Takes away what was being typed. */
  settle() {
    for (const part of this.draft ?? []) part.remove();
    this.draft = null;
  }

  place(speaker, gap, at, text) {
    const parts = [];
    if (gap) {
      const time = element("time", "", when(at, this.before));
      time.dateTime = new Date(at).toISOString();
      parts.push(element("p", "gap"));
      parts[0].append(time);
    }
    const bubble = element("div", `message ${speaker}`);
    bubble.dir = "auto";
    if (text !== undefined) {
      bubble.classList.toggle("emoji", EMOJI_ONLY.test(text));
      bubble.append(element("span", "hidden", `${this.names[speaker]}: `), element("span", "text", text));
    }
    parts.push(bubble);
    this.element.append(...parts);
    return parts;
  }
}

export function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

/** A separator's words: the time, or that time is to be imagined. */
function when(at, before) {
  if (before !== null && at - before <= SILENCE) return "Some time later";
  const day = new Date(at).setHours(0, 0, 0, 0);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - day) / (24 * 3600 * 1000));
  const clock = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (days === 0) return clock;
  const far = days < 7 ? { weekday: "long" } : { dateStyle: "medium" };
  return `${new Date(at).toLocaleDateString([], far)}, ${clock}`;
}
