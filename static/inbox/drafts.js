// Drafts: what is typed is kept on the server after a pause, so that another tab has it too. Until
// the server has it, this browser does.

import { ask, newKey } from "./page.js";
import { turn } from "./thread.js";

const PAUSE = 1000; // ms after the last letter
const AGAIN = 10_000; // ms until a draft that could not be kept is tried once more
const tab = newKey();
const place = (form) => `parley:draft:${form.dataset.session}`;

let kept = ""; // what the server has
let touched = 0; // older answers know nothing of what was typed since
let waiting = null; // the composer whose text is not kept yet
let timer = 0;
let flying = Promise.resolve();

/** Take care of a composer that has just appeared; its text is the server's, unless ours is newer. */
export function begin(form) {
  flush();
  kept = form.text.value;
  touched = turn();
  const here = sessionStorage.getItem(place(form));
  if (here !== null) form.text.value = here;
  if (form.text.value === kept) sessionStorage.removeItem(place(form));
  else typed(form);
}

/** The text changed. */
export function typed(form) {
  touched = turn();
  sessionStorage.setItem(place(form), form.text.value);
  waiting = form;
  clearTimeout(timer);
  timer = setTimeout(flush, PAUSE);
}

/** Before the text is sent: nothing of it may be kept once it has gone. */
export function hold() {
  clearTimeout(timer);
  waiting = null;
  return flying;
}

/** The text is on its way: this browser keeps it elsewhere. */
export function leave(form) {
  sessionStorage.removeItem(place(form));
}

/** The text was sent, and the server forgot it; or it took this one back. */
export function settled(form, text = "") {
  kept = text;
  touched = turn();
  if (form.text.value === kept) sessionStorage.removeItem(place(form));
  else typed(form);
}

/** What the server has now; returns whether the composer should show it. */
export function adopt(form, text, mine) {
  if (mine < touched || text === kept || form.text.value !== kept) return false;
  kept = text;
  form.text.value = text;
  return true;
}

/** Keep what waits, now. */
export function flush() {
  clearTimeout(timer);
  const form = waiting;
  waiting = null;
  if (form) flying = flying.then(() => save(form));
}

async function save(form) {
  const text = form.text.value;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.csrfmiddlewaretoken.value);
  body.set("text", text);
  body.set("tab", tab);
  try {
    const answer = await ask(form.dataset.draft, { body, keepalive: text.length < 16_000 });
    if (answer.status !== 204) return;
  } catch {
    waiting ??= form;
    clearTimeout(timer);
    timer = setTimeout(flush, AGAIN);
    return;
  }
  if (form.isConnected) {
    kept = text;
    touched = turn();
  }
  if (form.text.value === text) sessionStorage.removeItem(place(form));
}

/** Whether a nudge tells of what another tab typed. */
export const elsewhere = (nudge) => nudge.tab !== tab;

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flush();
});
addEventListener("pagehide", flush);
