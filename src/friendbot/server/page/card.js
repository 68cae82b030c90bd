// The model's card: whose words, how many, how good, how it chooses.

import { element } from "./log.js";

const ALPHABET = 7; // bits per character, where only the alphabet is known
const LETTERS = 5; // and where it is known how often each letter comes
const CHOICES = {
  temperature: { label: "Temperature" },
  top_k: { label: "Top-k", off: 0 },
  top_p: { label: "Top-p", off: 1 },
  min_p: { label: "Min-p", off: 0 },
  typical_p: { label: "Typical-p", off: 1 },
  repetition_window: { label: "Avoids repeating its last", unit: " tokens", off: 0 },
  best_of: { label: "Answers to choose from" },
  mmi: { label: "Weight of fitting what was said", off: 0 },
};

export function banner({ friend, card }) {
  const learned = `${count(card.messages.train)} messages with ${friend} up to ${date(card.last)}`;
  return `A machine that learned from ${learned}. Nobody is there.`;
}

/** Fills the dialog. */
export function show({ friend, me, card, metrics, decoding }) {
  write("about-title", `A machine that writes like ${friend}`);
  write("about-lead", `${friend} is not here and wrote none of this.`);
  const later = card.messages.valid + card.messages.test;
  table("facts", [
    ["Learned from", `${count(card.messages.train)} messages, ${count(card.characters.train)} characters`],
    ["Between", `${friend} and ${me}`],
    ["Written", `${date(card.first)} to ${date(card.last)}`],
    ["Held back", `${count(later)} later messages, to measure it`],
    ["Size", `${count(card.parameters)} numbers, ${(card.parameters * 4e-6).toFixed(1)} MB`],
  ]);
  const bits = metrics.friend?.bits_per_char;
  document.getElementById("score").hidden = bits === undefined;
  if (bits !== undefined) score(bits, friend);
  const chosen = Object.entries(decoding).filter(([name, value]) => value !== CHOICES[name]?.off);
  table("decoding", chosen.map(([name, value]) => {
    const { label = name, unit = "" } = CHOICES[name] ?? {};
    return [label, `${value}${unit}`];
  }));
}

function score(bits, friend) {
  write(
    "score-text",
    `It needs ${bits.toFixed(2)} bits per character: that many yes-no questions, on average, to guess each next ` +
      `letter of messages by ${friend} that it has never read. Lower is better.`,
  );
  const rows = [
    ["This model", bits],
    ["Knowing each letter’s share", LETTERS],
    ["Knowing only the alphabet", ALPHABET],
  ];
  table("bars", rows.map(([label, value]) => [label, value === bits ? value.toFixed(2) : `about ${value}`]));
  document.querySelectorAll("#bars dd").forEach((cell, index) => {
    const bar = element("span", index ? "bar" : "bar this");
    bar.style.width = `${(rows[index][1] / ALPHABET) * 55}%`;
    cell.prepend(bar);
  });
}

function table(id, rows) {
  const cells = rows.flatMap(([label, value]) => [element("dt", "", label), element("dd", "", value)]);
  document.getElementById(id).replaceChildren(...cells);
}

function write(id, text) {
  document.getElementById(id).textContent = text;
}

function count(number) {
  return number.toLocaleString("en");
}

function date(day) {
  return new Date(`${day}T12:00`).toLocaleDateString("en-GB", { dateStyle: "long" });
}
