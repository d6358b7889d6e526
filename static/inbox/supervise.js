// The supervisors' pages: a stream of their own tells that anything changed in any session.

import { ask, parsed, patch, toast } from "./page.js";
import { say } from "./words.js";

const SOON = 1000; // ms in which many nudges become one question
const AGE = 20_000; // ms after which "how long ago" is told anew

const page = () => document.querySelector("#supervise, #listen");
let source = null;
let timer = null;

/** A page has appeared: begin to listen if it is a supervisor's, else end. */
export function begin() {
  if (!page()) {
    source?.close();
    source = null;
    return;
  }
  toEnd();
  if (source) return;
  source = new EventSource("/events?supervise=1");
  source.onmessage = (event) => {
    const { session, here, status } = JSON.parse(event.data);
    const read = page()?.dataset.listen;
    if (read ? String(session ?? here) === read : session || here || status) soon();
  };
  source.addEventListener("refetch", soon);
}

function toEnd() {
  const scroll = document.getElementById("listen-scroll");
  if (scroll && !("begun" in scroll.dataset)) scroll.scrollTop = scroll.scrollHeight;
  if (scroll) scroll.dataset.begun = "true";
}

function soon() {
  timer ??= setTimeout(again, SOON);
}

async function again() {
  timer = null;
  const old = page();
  if (!old || location.search.includes("before=")) return;
  try {
    const answer = await ask(old.dataset.again);
    const fresh = parsed(answer.html).querySelector("#supervise, #listen");
    if (answer.status !== 200 || !fresh || page() !== old) return;
    const scroll = document.getElementById("listen-scroll") ?? old;
    const [top, ended] = [scroll.scrollTop, scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60];
    if (fresh.id === "listen") fresh.querySelector("#listen-scroll").dataset.begun = "true";
    patch(old, fresh);
    const now = document.getElementById("listen-scroll") ?? page();
    now.scrollTop = fresh.id === "listen" && ended ? now.scrollHeight : top;
  } catch {
    // Offline: the next nudge asks again.
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("reassign" in form.dataset)) return;
  event.preventDefault();
  const dialog = document.getElementById("dialog");
  try {
    const answer = await ask(form.action, { body: new FormData(form) });
    if (answer.status === 422) {
      dialog.innerHTML = answer.html;
      return;
    }
    dialog.close();
    toast(parsed(answer.html).querySelector("#reassigned")?.textContent ?? say("The server could not do it ({status}).", { status: answer.status }));
    again();
  } catch {
    toast(say("No connection. Nothing was changed."));
  }
});
setInterval(() => document.visibilityState === "visible" && page()?.id === "supervise" && again(), AGE);
