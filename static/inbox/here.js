// Who else is in a session. This tab tells where it is at most once in ten seconds; what colleagues
// do comes as a nudge that names the session, and is asked for then.

import { ask, parsed, patch, tab } from "./page.js";

const GAP = 10_000; // ms between two reports of this tab
const KEEP = 20_000; // ms after which the server is told again; it forgets after 30 s
const TYPING = 8_000; // ms after the last letter
const SOON = 250; // ms in which nudges for the open session become one question
const LATER = 1500; // the same for rows

const byId = (id) => document.getElementById(id);
const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const open = () => byId("thread")?.dataset.session ?? "";

let told = { session: "", state: "", at: -Infinity }; // what the server knows of this tab
let pinged = -Infinity;
let typed = { at: -Infinity, state: "viewing" };
let asking = new Set(); // sessions of which there is news
let timer = null;
let due = Infinity;
let looked = performance.now();

function doing() {
  const now = performance.now() - typed.at < TYPING;
  return now ? typed.state : "viewing";
}

/** A thread has appeared, or went. Its request has told the server already, but for the page's own. */
export function begin({ known = true } = {}) {
  const session = open();
  if (session === told.session) return;
  typed.at = -Infinity;
  if (!session) return leave();
  told = { session, state: "viewing", at: known ? performance.now() : -Infinity };
}

/** Tell where this tab is, if the server does not know it and it is not too soon. */
async function check() {
  if (document.visibilityState !== "visible") return;
  const now = performance.now();
  const session = open();
  const state = doing();
  const stopped = told.drafted && state === "viewing";
  const stale = session && (state !== told.state || stopped || now - told.at > KEEP);
  const faces = now - looked > KEEP && document.querySelector(".row-here > *");
  if ((stale || (faces && session)) && now - pinged >= GAP) await ping(session, state);
  else if (faces && !session) look(rows());
}

async function ping(session, state) {
  pinged = looked = performance.now();
  told = { session, state, at: pinged };
  const body = new FormData();
  body.set("csrfmiddlewaretoken", token());
  body.set("tab", tab);
  body.set("session", session);
  body.set("state", state);
  body.set("shown", rows().join("-"));
  try {
    put(session, await ask("/here/", { body }));
  } catch {
    told.at = -Infinity; // offline: told when it is over
  }
}

/** The rows that show somebody, who may have gone without a word. */
const rows = () => [...document.querySelectorAll(".row-here:has(> *)")].map((each) => each.id.slice(5));

async function look(keys) {
  looked = performance.now();
  const session = open();
  const query = new URLSearchParams({ shown: keys.join("-") });
  if (session) query.set("session", session);
  try {
    put(session, await ask(`/here/?${query}`));
  } catch {
    // Offline: the list and the thread are asked again when it is over.
  }
}

function put(session, { status, html }) {
  if (status !== 200) return;
  const fresh = parsed(html);
  const line = fresh.querySelector("#here");
  const here = byId("here");
  // Filled and not replaced, so that a screen reader hears the change.
  if (line && here && session === open() && here.innerHTML !== line.innerHTML) {
    here.innerHTML = line.innerHTML;
    here.toggleAttribute("data-empty", !line.children.length);
  }
  for (const row of fresh.querySelectorAll(".row-here")) {
    if (byId(row.id)) patch(byId(row.id), row);
  }
}

/** A nudge: somebody came, went, or began to type in this session. */
export function nudged(session) {
  const key = String(session);
  const mine = key === open();
  if (!mine && !byId(`here-${key}`)) return;
  asking.add(key);
  const at = performance.now() + (mine ? SOON : LATER);
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(() => {
    due = Infinity;
    const keys = [...asking];
    asking = new Set();
    look(keys);
  }, mine ? SOON : LATER);
}

// After a time without connection: who is here now?
document.addEventListener("parley:online", () => (open() || rows().length) && look(rows()));

function leave() {
  if (!told.session) return;
  told = { session: "", state: "", at: -Infinity };
  const body = new FormData();
  body.set("csrfmiddlewaretoken", token());
  body.set("tab", tab);
  body.set("left", "1");
  navigator.sendBeacon("/here/", body);
}

document.addEventListener("input", (event) => {
  const states = { text: "replying", "note-text": "noting" };
  const state = states[event.target.id];
  if (!state || !event.target.closest("#composer")) return;
  typed = { at: event.target.value ? performance.now() : -Infinity, state };
  told.drafted ||= state === "replying"; // keeping the draft tells the server, too
  check();
});
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Parley-Tab"] = tab;
});
document.addEventListener("visibilitychange", check);
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => { if (event.persisted) begin({ known: false }); });
setInterval(check, 2000);
