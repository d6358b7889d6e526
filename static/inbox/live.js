// The connection: nudges come in, the page asks again, and the pill says what is going on. Each event
// has a cursor; who comes back names the last one, and the server tells what was missed since.

import { refresh } from "./list.js";
import { elsewhere } from "./drafts.js";
import * as here from "./here.js";
import { heard } from "./notify.js";
import { toast } from "./page.js";
import * as status from "./status.js";
import { news } from "./thread.js";
import { say } from "./words.js";

const PATIENCE = 2500; // ms without connection before the pill shows
const SILENCE = 40_000; // ms without a sign, of which one comes every 15 s: the line is dead
const LONG = 15_000; // ms after which "connecting" would be too hopeful
const POLL = 5000; // ms between looks while the stream is down

let source = null;
let cursor = null; // of the last event; null before the first
let heardAt = 0;
let lost = null; // when the connection went, null while it is there
let announced = false;
let retries = 0;
let retry = 0;

const open = () => document.getElementById("thread")?.dataset.session;

function everything() {
  refresh();
  news();
}

/** A sign of life, with its place in the order of events. */
function sign(event) {
  heardAt = Date.now();
  if (event.lastEventId) cursor = event.lastEventId;
}

function connect() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource(cursor === null ? "/events" : `/events?after=${cursor}`);
  source.onopen = () => {
    retries = 0;
    heardAt = Date.now();
    // Without a cursor nobody knows what happened since the page was made.
    if (lost !== null && cursor === null) everything();
    lost = null;
    pill();
    document.dispatchEvent(new Event("parley:online"));
  };
  source.onmessage = (event) => {
    sign(event);
    nudged(JSON.parse(event.data));
  };
  for (const name of ["here", "beat"]) source.addEventListener(name, sign);
  source.addEventListener("refetch", (event) => {
    sign(event);
    everything();
  });
  source.onerror = () => {
    lose(Date.now());
    // The browser itself comes back after a broken line, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) {
      retries += 1;
      clearTimeout(retry);
      retry = setTimeout(connect, Math.min(30_000, 1000 * 2 ** retries) * (0.75 + Math.random() / 2));
    }
  };
}

function nudged(nudge) {
  if (nudge.draft) {
    if (String(nudge.draft) === open() && elsewhere(nudge)) news();
    return;
  }
  if (nudge.status) return status.again();
  if (nudge.here) return here.nudged(nudge.here);
  if ("mention" in nudge) {
    document.body.dispatchEvent(new Event("parley:mention"));
    if (nudge.mention && String(nudge.mention) !== open()) toast(say("A colleague mentioned you in a note."));
    return;
  }
  refresh();
  if (!nudge.session || String(nudge.session) === open()) news();
  if (nudge.message) heard(String(nudge.session));
}

function lose(at) {
  lost ??= at;
  setTimeout(pill, PATIENCE + 50);
}

function pill() {
  const place = document.getElementById("connection");
  const words = document.getElementById("app-words")?.dataset;
  if (!place || !words) return;
  if (lost === null) {
    if (announced) {
      place.textContent = words.back;
      place.dataset.state = "back";
      setTimeout(() => { place.hidden = lost === null; }, 2500);
    }
    announced = false;
  } else if (Date.now() - lost >= PATIENCE) {
    announced = true;
    const long = Date.now() - lost >= LONG;
    const said = navigator.onLine ? (long ? words.silent : words.connecting) : words.offline;
    place.hidden = false;
    place.dataset.state = "lost";
    if (place.textContent !== said) place.textContent = said; // a screen reader says it once
  }
}

/** After sleep a line may be dead that still looks open. */
function check() {
  if (lost === null && Date.now() - heardAt > SILENCE) {
    lose(Date.now());
    connect();
  } else if (lost !== null) {
    pill();
    if (navigator.onLine && document.visibilityState === "visible") everything();
  }
}

/** Begin to listen. */
export function begin() {
  heardAt = Date.now();
  lose(heardAt);
  connect();
  setInterval(check, POLL);
}

addEventListener("online", () => { pill(); connect(); });
addEventListener("offline", () => { lose(Date.now() - PATIENCE); pill(); });
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  check();
  news(); // what is looked at now has been read
});
