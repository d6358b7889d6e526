// Private notes: the composer's other face. What is typed stays in this browser until it is added.

import { ask, newKey, parsed, toast } from "./page.js";
import { apply, seen, turn } from "./thread.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const place = (form) => `parley:note:${form.dataset.session}`;
let adding = false;

/** Take care of a composer that has just appeared. */
export function begin() {
  const form = byId("note");
  if (!form || form.dataset.begun) return;
  form.dataset.begun = "true";
  form.client_key.value = newKey();
  form.note.value = sessionStorage.getItem(place(form)) ?? "";
  if (form.note.value) turnTo("note", false);
}

/** Show the face for replies or for notes. */
export function turnTo(mode, focus = true) {
  const composer = byId("composer");
  if (!composer || !byId("note")) return;
  composer.dataset.mode = mode;
  for (const each of ["reply", "note"]) {
    byId(`mode-${each}`).setAttribute("aria-pressed", String(each === mode));
  }
  if (focus) (mode === "note" ? byId("note-text") : byId("text"))?.focus({ preventScroll: true });
}

async function add(form) {
  if (adding) return;
  if (!form.note.value.trim()) return form.note.focus();
  adding = true;
  const mine = turn();
  try {
    const answer = await ask(form.action, { body: seen(new FormData(form)) });
    if (answer.status === 422) toast(parsed(answer.html).querySelector("[role=alert]")?.textContent);
    else if (answer.status >= 500 || answer.status === 403) {
      toast(say("The server could not do it ({status}).", { status: answer.status }));
    } else {
      if (answer.status === 200) {
        form.note.value = "";
        form.client_key.value = newKey();
        sessionStorage.removeItem(place(form));
        if (byId("text")) turnTo("reply");
      }
      apply(answer, mine, { mineIsNew: true });
    }
  } catch {
    toast(say("No connection. Your note is kept; press Add note again."));
  } finally {
    adding = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-turn-to]");
  if (button) turnTo(button.dataset.turnTo);
});
document.addEventListener("input", (event) => {
  if (event.target.id === "note-text") sessionStorage.setItem(place(event.target.form), event.target.value);
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "note-text" || event.key !== "Enter") return;
  if (event.shiftKey || event.isComposing || event.altKey) return;
  event.preventDefault();
  add(event.target.form);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "note") return;
  event.preventDefault();
  add(event.target);
});
