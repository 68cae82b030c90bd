// What was said, kept in this tab alone, and what of it the server is asked about.

export const SILENCE = 6 * 3600 * 1000; // ms; what is said after it opens a new session
const MOST_KEPT = 500_000; // characters
const MOST_READ = 10_000; // characters of one message; the server takes no longer ones
const MOST_SENT = 128 * 1024; // bytes; the server takes no more than twice that
const STRIDE = 64; // messages dropped at once, so that the server mostly meets beginnings it knows

export class Conversation {
  /** Takes up what this tab keeps under `key`, or begins anew. Said is {speaker: "me" | "friend", text, gap, at}. */
  constructor(key, storage) {
    this.key = key;
    this.storage = storage;
    this.resume(JSON.parse(storage.getItem(key)) ?? {});
  }

  /** Goes on from `said`, or begins anew. */
  resume({ said = [], attempt = 0, seed = crypto.getRandomValues(new Uint32Array(1))[0] } = {}) {
    Object.assign(this, { said, attempt, seed, silence: false });
    this.keep();
  }

  keep() {
    const { said, attempt, seed } = this;
    let kept = JSON.stringify({ said, attempt, seed });
    while (kept.length > MOST_KEPT) {
      said.splice(0, kept.length > 2 * MOST_KEPT ? said.length >> 1 || 1 : STRIDE);
      kept = JSON.stringify({ said, attempt, seed });
    }
    this.storage.setItem(this.key, kept);
  }

  get last() {
    return this.said.at(-1);
  }

  /** Whether what is said next opens a session. */
  opens(at) {
    return this.silence || !this.last || at - this.last.at > SILENCE;
  }

  add(speaker, text, at) {
    this.said.push({ speaker, text, gap: this.opens(at), at });
    this.silence = false;
    if (speaker === "me") this.attempt = 0;
    this.keep();
  }

  /** A long silence: the friend writes first. */
  nudge() {
    this.silence = this.said.length > 0;
    this.attempt = 0;
  }

  /** Takes the friend's last answer back, so that another one can be asked for. */
  again() {
    let kept = this.said.length;
    while (kept && this.said[kept - 1].speaker === "friend") if (this.said[--kept].gap) break;
    this.silence = kept > 0 && kept < this.said.length && this.said[kept].gap;
    this.said.length = kept;
    this.attempt += 1;
    this.keep();
  }

  /** What the server needs to write an answer now. */
  request(at) {
    const { attempt, seed } = this;
    const all = this.said.map(({ speaker, text, gap }) => ({ speaker, text, gap }));
    let utterances = all;
    for (let from = STRIDE; size(utterances) > MOST_SENT && from < all.length; from += STRIDE) {
      utterances = all.slice(from);
    }
    return { utterances, silence: Boolean(this.last) && this.opens(at), attempt, seed };
  }

  toText({ friend, me }) {
    const machine = `A conversation with a machine that learned from messages with ${friend}.`;
    const lines = [`${machine} ${friend} wrote none of this.`];
    for (const { speaker, text, gap, at } of this.said) {
      if (gap) lines.push("", new Date(at).toLocaleString());
      lines.push(`${speaker === "me" ? me : `${friend} (machine)`}: ${text.replaceAll("\n", "\n    ")}`);
    }
    return `${lines.join("\n")}\n`;
  }

  /** A line of JSON for each message, as the chat in the terminal writes and reads them, and when it was said. */
  toJsonl({ friend, me }) {
    const line = ({ speaker, text, gap, at }) =>
      JSON.stringify({ speaker, name: speaker === "me" ? me : friend, text, gap, at: new Date(at).toISOString() });
    return this.said.map((one) => `${line(one)}\n`).join("");
  }
}

/** What `toJsonl` or the terminal wrote; throws an Error that names the first line that is something else. */
export function parse(jsonl) {
  const now = Date.now();
  const said = [];
  jsonl.split("\n").forEach((line, index) => {
    if (!line.trim()) return;
    const { speaker, text, gap, at, taken_back: takenBack } = read(line);
    if (takenBack > 0 && takenBack <= said.length) {
      said.length -= Math.floor(takenBack);
      return;
    }
    const time = at === undefined ? now : Date.parse(at);
    if (!["me", "friend"].includes(speaker) || typeof text !== "string" || !text.trim() || Number.isNaN(time)) {
      throw new Error(`Line ${index + 1} of the file is no message of a saved conversation.`);
    }
    if (text.length > MOST_READ) throw new Error(`Line ${index + 1} of the file holds too long a message.`);
    said.push({ speaker, text: text.toWellFormed(), gap: gap === true || !said.length, at: time });
  });
  if (!said.length) throw new Error("The file holds no messages.");
  return said;
}

function read(line) {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

function size(utterances) {
  return new TextEncoder().encode(JSON.stringify(utterances)).length;
}
