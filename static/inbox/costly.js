// The letters that make an SMS dear: shown in the text, and what it would be with plain ones instead.

import { counted } from "./words.js";

const byId = (id) => document.getElementById(id);
const PLAIN = new Map(Object.entries({
  "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "`": "'", "\u00b4": "'",
  "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
  "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2022": "*", "\u00b7": "*",
  "\u2026": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\u200d": "", "\ufe0f": "",
  "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u0131": "i", "\u0153": "oe", "\u0152": "OE", "\u00fe": "th",
  "\t": " ", "\u00d7": "x", "\u2122": "TM", "\u00a9": "(c)", "\u00ae": "(r)",
}));

let plainer = "";
let used = () => {};

/** `typed` is called when the agent takes the plain text. */
export function begin(typed) {
  used = typed;
}

/** The text with plain letters where there are any; others stay. */
export function plain(text, count) {
  const costs = new Set(count(text).costly);
  return Array.from(text, (letter) => {
    if (!costs.has(letter)) return letter;
    if (PLAIN.has(letter)) return PLAIN.get(letter);
    const bare = letter.normalize("NFKD").replace(/\p{M}/gu, "");
    return bare && !count(bare).costly.length ? bare : letter;
  }).join("");
}

/** Offer the plain text if it travels in fewer segments. */
export function offer(text, count) {
  const button = byId("make-plain");
  if (!button) return;
  const now = count(text.trim());
  plainer = now.costly.length ? plain(text, count) : text;
  const then = count(plainer.trim()).segments;
  const better = then < now.segments;
  button.hidden = !better;
  button.textContent = counted("Make it {count} segment", "Make it {count} segments", then);
  if (!better) byId("costly").hidden = true;
  else if (!byId("costly").hidden) draw(text, now.costly);
}

/** The text with its dear letters marked, each beside what would stand there. */
function draw(text, letters) {
  const box = byId("costly");
  box.querySelector(".costly-why").textContent = `${letters.slice(0, 12).join("  ")}`;
  const costs = new Set(letters);
  const parts = Array.from(text, (letter) => {
    if (!costs.has(letter)) return letter;
    const mark = document.createElement("mark");
    mark.textContent = letter;
    return mark;
  });
  const line = document.createElement("span");
  line.append(...parts);
  const instead = document.createElement("ins");
  instead.textContent = plainer;
  box.querySelector(".costly-text").replaceChildren(line, instead);
}

document.addEventListener("click", async (event) => {
  const text = byId("text");
  if (event.target.id === "make-plain") {
    const { count } = await import("./segments.js");
    byId("costly").hidden = !byId("costly").hidden;
    draw(text.value, count(text.value).costly);
    if (!byId("costly").hidden) byId("costly-use").focus();
  } else if (event.target.id === "costly-use") {
    text.value = plainer;
    byId("costly").hidden = true;
    text.focus();
    used();
  } else if (event.target.id === "costly-keep") {
    byId("costly").hidden = true;
    text.focus();
  }
});
