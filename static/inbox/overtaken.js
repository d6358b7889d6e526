// The check before sending: which message the agent knew when they wrote. If something newer came, the
// server sends nothing and says what it is.

const KNOWN = 3000; // ms on the screen after which the next letter counts as typed in its knowledge

const byId = (id) => document.getElementById(id);
const messages = () => [...document.querySelectorAll("#messages > [data-message]")];
const newest = () => Number(messages().at(-1)?.dataset.message ?? 0);

let known = 0;
let empty = true; // nothing is typed: whatever stands there is known when it begins
let stands = new Map(); // since when a newer message stands before the agent's eyes

/** A composer has appeared: what the page shows is known. */
export function begin(form) {
  known = newest();
  empty = !form.text.value;
  stands = new Map();
}

/** The newest message that the agent knew. */
export const basis = () => known;

/** What was typed is sent, or its overtaking was told. */
export function settle(form, at = newest()) {
  known = Math.max(known, at);
  empty = !form.text.value;
}

/** A letter was typed. */
export function typed(form) {
  const now = performance.now();
  if (empty) known = newest();
  for (const [message, since] of stands) {
    if (now - since >= KNOWN) known = Math.max(known, message);
  }
  empty = !form.text.value;
}

/** Show what came; `send` sends in spite of it. */
export function show(form, html, send) {
  const dialog = byId("dialog");
  dialog.innerHTML = html;
  const shown = byId("overtaken");
  settle(form, Number(shown.dataset.newest));
  shown.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
    send();
  });
  dialog.addEventListener("close", () => form.text.focus(), { once: true });
  dialog.showModal();
  byId("review").focus();
}

setInterval(() => {
  const scroll = byId("scroll");
  if (!scroll || document.visibilityState !== "visible" || !document.hasFocus()) return;
  const end = scroll.getBoundingClientRect().bottom;
  for (const each of messages().slice(-20)) {
    const message = Number(each.dataset.message);
    if (message <= known || stands.has(message)) continue;
    if (each.getBoundingClientRect().top < end - 20) stands.set(message, performance.now());
  }
}, 500);
