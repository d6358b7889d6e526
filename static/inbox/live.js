// The connection: nudges come in, the page asks again, and the pill says what is going on.

import { refresh } from "./list.js";
import { elsewhere } from "./drafts.js";
import * as here from "./here.js";
import { toast } from "./page.js";
import { news } from "./thread.js";

const PATIENCE = 2500; // ms without connection before the pill shows
const POLL = 5000; // ms between looks while the stream is down

let source = null;
let lost = null; // when the connection went, null while it is there
let announced = false;
let retries = 0;

const open = () => document.getElementById("thread")?.dataset.session;

function everything() {
  refresh();
  news();
  here.again();
}

function connect() {
  source?.close();
  source = new EventSource("/events");
  source.onopen = () => {
    retries = 0;
    if (lost !== null) everything();
    lost = null;
    pill();
  };
  source.onmessage = (event) => {
    const nudge = JSON.parse(event.data);
    if (nudge.draft) {
      if (String(nudge.draft) === open() && elsewhere(nudge)) news();
      return;
    }
    if (nudge.here) return here.nudged(nudge.here);
    if ("mention" in nudge) {
      document.body.dispatchEvent(new Event("parley:mention"));
      if (nudge.mention && String(nudge.mention) !== open()) toast("A colleague mentioned you in a note.");
      return;
    }
    refresh();
    if (!nudge.session || String(nudge.session) === open()) news();
  };
  source.addEventListener("refetch", everything);
  source.onerror = () => {
    lost ??= Date.now();
    setTimeout(pill, PATIENCE + 50);
    // The browser itself comes back after a broken line, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) {
      retries += 1;
      setTimeout(connect, Math.min(30_000, 1000 * 2 ** retries) * (0.75 + Math.random() / 2));
    }
  };
}

function pill() {
  const place = document.getElementById("connection");
  if (!place) return;
  if (lost === null) {
    if (announced) {
      place.textContent = "Back online";
      place.dataset.state = "back";
      setTimeout(() => { place.hidden = lost === null; }, 2500);
    }
    announced = false;
  } else if (Date.now() - lost >= PATIENCE) {
    announced = true;
    place.hidden = false;
    place.dataset.state = "lost";
    place.textContent = navigator.onLine ? "Connecting…" : "Offline. Your text is kept.";
  }
}

/** Begin to listen. */
export function begin() {
  lost = Date.now();
  setTimeout(pill, PATIENCE + 50);
  connect();
  setInterval(() => {
    if (lost !== null && navigator.onLine && document.visibilityState === "visible") everything();
  }, POLL);
}

addEventListener("online", () => { pill(); connect(); });
addEventListener("offline", () => { lost ??= Date.now() - PATIENCE; pill(); });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") everything();
});
