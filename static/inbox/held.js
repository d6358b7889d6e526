// What was sent and the server has not taken yet: shown at once, kept in this browser while there is
// no line, and sent once. Each text has a key of its own, and the server knows a key that comes again.

import { ask, icon, toast } from "./page.js";
import { seen, turn } from "./thread.js";
import { say } from "./words.js";

const STORE = "parley:held";
const AGAIN = 4000; // ms between tries while something is held
const byId = (id) => document.getElementById(id);
const open = () => byId("thread")?.dataset.session;

let tell = () => {}; // what the composer does with an answer
let busy = false;

// Of this agent alone: another one may log in at the same browser.
const place = () => `${STORE}:${byId("desk")?.dataset.agent}`;
const load = () => JSON.parse(localStorage.getItem(place()) ?? "[]");
const save = (items) => localStorage.setItem(place(), JSON.stringify(items));

/** Show what is held of the open session; `answered(item, answer, mine)` gets what the server says. */
export function begin(answered) {
  tell = answered;
  draw();
  pump();
}

/** Hold a text for the open session: {key, session, url, text, basis}. It is sent as soon as can be. */
export function add(item) {
  save([...load(), item]);
  draw();
  pump();
}

/** Whether this text of the session is held: then it is no draft any more. */
export const holds = (session, text) =>
  load().some((item) => item.session === session && item.text === text);

/** Forget it: it is sent, or back in the composer. */
export function drop(key) {
  save(load().filter((item) => item.key !== key));
  byId(`held-${key}`)?.remove();
}

/** The bubbles of what is held, at the end of the thread. */
export function draw() {
  const list = byId("messages");
  if (!list) return;
  const mine = load().filter((item) => item.session === open());
  for (const old of list.querySelectorAll(".held")) {
    if (!mine.some((item) => `held-${item.key}` === old.id)) old.remove();
  }
  for (const item of mine) if (!byId(`held-${item.key}`)) list.append(bubble(item));
}

function bubble(item) {
  const made = document.createElement("li");
  made.className = "own held";
  made.id = `held-${item.key}`;
  made.innerHTML = '<div class="bubble"><div class="text" dir="auto"></div><p class="meta"><span class="mark"></span></p></div><p class="note" hidden></p>';
  made.querySelector(".text").textContent = item.text;
  made.querySelector(".mark").append(icon("mark-queued"));
  if (item.problem) show(made, item);
  else made.setAttribute("aria-hidden", "true"); // what is said is what the server has
  return made;
}

function show(made, item) {
  made.removeAttribute("aria-hidden");
  const note = made.querySelector(".note");
  note.hidden = false;
  note.textContent = item.problem;
  if (item.waits || made.querySelector("button")) return;
  const back = document.createElement("button");
  back.type = "button";
  back.className = "button small";
  back.dataset.takeBack = item.key;
  back.textContent = say("Back to the composer");
  made.append(back);
}

/** Say under its bubble why it has not left; with `waits` it is tried again by itself. */
export function mark(key, problem, waits = false) {
  save(load().map((item) => (item.key === key ? { ...item, problem, waits } : item)));
  const item = load().find((each) => each.key === key);
  const made = byId(`held-${key}`);
  if (item && made) show(made, item);
}

/** Send what is held, in its order. */
async function pump() {
  if (busy) return;
  busy = true;
  try {
    const tried = new Set();
    for (;;) {
      // Looked up anew each time: while one was on its way the next may have been written.
      const item = load().find((each) => !tried.has(each.key) && (!each.problem || each.waits));
      if (!item) break;
      tried.add(item.key);
      if (!(await send(item))) break;
    }
  } finally {
    busy = false;
  }
}

async function send(item) {
  const body = item.session === open() ? seen(new FormData()) : new FormData();
  body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  body.set("text", item.text);
  body.set("client_key", item.key);
  body.set("basis", item.basis);
  const mine = turn();
  let answer;
  try {
    answer = await ask(item.url, { body });
  } catch {
    mark(item.key, say("Waiting for the connection. It will be sent once."), true);
    return false;
  }
  if (answer.status >= 500 || answer.status === 429) {
    mark(item.key, say("The server cannot take it now. It will be sent once."), true);
    return false;
  }
  if (item.session === open()) tell(item, answer, mine);
  else if (answer.status === 200) {
    drop(item.key);
    toast(say("What you wrote without a connection is sent."));
  } else mark(item.key, say("Not sent: something changed meanwhile."));
  return true;
}

addEventListener("online", pump);
document.addEventListener("visibilitychange", pump);
setInterval(() => {
  if (navigator.onLine && load().some((item) => item.waits)) pump();
}, AGAIN);
addEventListener("storage", (event) => {
  if (event.key === place()) draw(); // another tab has sent it
});
