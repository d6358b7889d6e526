// The agent's own status: the menu in the rail, the same in every tab, and the question before the
// page sets it to away by itself.

import { ask, parsed, toast } from "./page.js";
import { say } from "./words.js";

const ANSWER = 60; // seconds to say that one is there
const LOOK = 5000; // ms between looks at the clock
const SEEN = "parley:active"; // when a key or the pointer was last used in any tab

const byId = (id) => document.getElementById(id);
let written = 0;
let asked = null; // the question while it stands

function put(html) {
  const fresh = parsed(html).querySelector("#status");
  const old = byId("status");
  if (!fresh || !old) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (focused) byId("status-button").focus();
  if (fresh.dataset.said) toast(fresh.dataset.said);
}

/** The status was changed, here or in another tab. */
export async function again() {
  const own = byId("status");
  if (!own) return;
  try {
    const answer = await ask(own.dataset.url);
    if (answer.status === 200) put(answer.html);
  } catch {
    // Offline: the next page shows it.
  }
}

async function send(url, body) {
  try {
    const answer = await ask(url, { body });
    if (answer.status === 200) put(answer.html);
    else toast(say("The server could not do it ({status}).", { status: answer.status }));
  } catch {
    toast(say("No connection. Nothing was changed."));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("status" in form.dataset)) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  const dialog = byId("dialog");
  if (dialog?.contains(form)) dialog.close();
  send(form.action, body);
});

// --- away by itself ----------------------------------------------------------------------------

function active() {
  if (Date.now() - written < LOOK) return;
  written = Date.now();
  localStorage.setItem(SEEN, written);
}

for (const name of ["pointerdown", "pointermove", "keydown", "wheel"]) {
  document.addEventListener(name, active, { passive: true, capture: true });
}

function look() {
  const own = byId("status");
  const minutes = Number(own?.dataset.away ?? 0);
  const idle = Date.now() - Number(localStorage.getItem(SEEN) ?? Date.now());
  const there = !minutes || own.dataset.state === "away" || idle < minutes * 60_000;
  if (there) answer();
  else if (!asked) question(minutes);
  else if (Date.now() > asked.until) goAway();
  else asked.dialog.querySelector("b").textContent = Math.ceil((asked.until - Date.now()) / 1000);
}

function question(minutes) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "idle-title");
  dialog.innerHTML = `<form method="dialog" class="sheet"><h2 id="idle-title">${say("Are you still there?")}</h2>
    <p>${say("Nothing was touched here for {minutes} min. In {seconds} s your status becomes Away.", { minutes, seconds: `<b>${ANSWER}</b>` })}</p>
    <p class="sheet-foot"><button class="button" value="away">${say("Away now")}</button>
    <button class="button primary" value="here" autofocus>${say("I am here")}</button></p></form>`;
  asked = { dialog, until: Date.now() + ANSWER * 1000 };
  dialog.addEventListener("close", () => (dialog.returnValue === "away" ? goAway() : answer()));
  document.body.append(dialog);
  dialog.showModal();
}

/** Somebody is there: no question. */
function answer() {
  const standing = asked;
  asked = null;
  standing?.dialog.remove();
}

function goAway() {
  answer();
  const form = document.querySelector("#status-menu form");
  const body = new FormData(form);
  body.set("state", "away");
  send(form.action, body);
}

localStorage.setItem(SEEN, Date.now());
setInterval(look, LOOK);
