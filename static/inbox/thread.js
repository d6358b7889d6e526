// The open session: what is new is added, what changed is replaced, nothing jumps.

import { ask, parsed, patch, show, toast } from "./page.js";
import { adopt, begin as beginComposer } from "./composer.js";
import { begin as beginNote } from "./noting.js";
import { begin as beginWindow } from "./window.js";
import { say } from "./words.js";

const NEAR = 60; // px from the end that still count as the end
const byId = (id) => document.getElementById(id);

let pinned = true;
let fresh = 0; // how many came while the agent was reading further up
let behind = false; // the server has more than it has told
let asked = 0;
let applied = 0;
let busy = false;
let again = false;

/** Take care of a thread that has just appeared. */
export function begin() {
  const thread = byId("thread");
  const desk = byId("desk");
  desk?.classList.toggle("reading", location.pathname !== desk.dataset.home);
  if (!thread || thread.dataset.begun) return;
  thread.dataset.begun = "true";
  const scroll = byId("scroll");
  pinned = true;
  behind = false;
  scroll.addEventListener("scroll", () => {
    pinned = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
    if (pinned && behind) news();
    else if (pinned) tellNewer(0);
  }, { passive: true });
  // Pictures and fonts arrive late, and the composer grows: an agent at the end stays there.
  const keep = new ResizeObserver(() => pinned && toEnd());
  keep.observe(byId("messages"));
  keep.observe(scroll);
  byId("newer").addEventListener("click", toEnd);
  watchOlder();
  toEnd();
  const unread = byId("unread-line");
  if (unread && unread.offsetTop - 40 < scroll.scrollTop) scroll.scrollTop = unread.offsetTop - 40;
  beginComposer();
  beginNote();
  beginWindow(later);
}

function toEnd() {
  const scroll = byId("scroll");
  if (!scroll) return;
  scroll.scrollTop = scroll.scrollHeight;
  pinned = true;
  tellNewer(0);
}

/** Say how many messages stand below what the agent reads. */
function tellNewer(count) {
  fresh = count;
  const button = byId("newer");
  if (!button) return;
  button.querySelector("span").textContent = behind ? "" : String(count);
  button.hidden = !count && !behind;
}

/** What the server must know to tell what is new. */
export function seen(fields = new URLSearchParams()) {
  const messages = [...document.querySelectorAll("#messages > [data-message]")];
  fields.set("after", messages.at(-1)?.dataset.message ?? "0");
  const live = messages.filter((each) => "live" in each.dataset).slice(-100);
  fields.set("shown", live.map((each) => each.dataset.message).join("-"));
  if (document.visibilityState === "visible") fields.set("seen", "1");
  return fields;
}

/** A place in the order of questions, for `apply`: a late answer must not undo a newer one. */
export const turn = () => ++asked;

/** Ask what is new in the open session. */
export async function news() {
  const thread = byId("thread");
  if (!thread) return;
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const mine = turn();
  try {
    const answer = await ask(`${thread.dataset.news}?${seen()}`);
    if (byId("thread") === thread) apply(answer, mine);
  } catch {
    // Offline: asked again when the connection is back.
  } finally {
    busy = false;
    if (again) news();
    again = false;
  }
}

/** The window closed by this clock; the server's may be a little behind. */
const later = () => setTimeout(news, 2000);

/** Show the session's news. */
export function apply({ status, html }, mine, { mineIsNew = false } = {}) {
  if (mine < applied) return;
  applied = mine;
  if (status === 410) return show(html);
  if (status === 404) {
    show("");
    toast(say("This session is no longer yours."));
    return;
  }
  if (status !== 200) return;
  const answer = parsed(html);
  patch(byId("head"), answer.querySelector("#head"));
  if (mineIsNew) byId("unread-line")?.remove();
  const added = upsert(answer);
  behind = "behind" in answer.querySelector("ol").dataset;
  const composer = answer.querySelector("#composer");
  if (composer.dataset.lock !== byId("composer").dataset.lock) {
    patch(byId("composer"), composer);
    beginComposer();
    beginNote();
  } else {
    adopt(composer.querySelector("#text")?.value ?? "", mine);
  }
  if (byId("window") && answer.querySelector("#window")) {
    patch(byId("window"), answer.querySelector("#window"));
  }
  beginWindow(later);
  if (behind && (pinned || mineIsNew)) again = true; // to the end, page by page
  if (pinned || mineIsNew) toEnd();
  else tellNewer(fresh + added.filter((item) => item.matches(".theirs, .private")).length);
  if (again && !busy) {
    again = false;
    news();
  }
}

/** Where the agent stopped reading, before the first that came while nobody looked. */
function drawLine(before) {
  const line = document.createElement("li");
  line.className = "unread-line";
  line.id = "unread-line";
  line.innerHTML = "<span></span>";
  line.firstChild.textContent = byId("messages").dataset.unread;
  before.before(line);
}

function upsert(fresh) {
  const list = byId("messages");
  fresh.querySelector("ol").dataset.gone?.split("-").forEach(remove);
  const added = [];
  for (const item of [...fresh.querySelectorAll("ol > li")]) {
    const old = byId(item.id);
    if (item.classList.contains("day")) {
      // Its message decides: a day stands only before one that is new.
      const next = item.nextElementSibling;
      if (!old && next && !byId(next.id)) put(list, item);
    } else if (old) {
      patch(old, item);
    } else {
      put(list, item);
      window.htmx?.process(item);
      added.push(item);
      const unseen = document.visibilityState === "hidden" && item.matches(".theirs");
      if (unseen && !byId("unread-line")) drawLine(item);
    }
  }
  return added;
}

/** Add to the thread, before what has not left yet; what the server has now is no longer held. */
function put(list, item) {
  if (item.dataset.key) byId(`held-${item.dataset.key}`)?.remove();
  list.insertBefore(item, list.querySelector(":scope > .held"));
}

/** A message was taken back, and with it the day that it began. */
function remove(message) {
  const item = byId(`m${message}`);
  if (!item) return;
  const day = item.previousElementSibling;
  const next = item.nextElementSibling;
  item.remove();
  if (day?.matches(".day") && (!next || next.matches(".day"))) day.remove();
}

// --- older messages ----------------------------------------------------------------------------

function watchOlder() {
  const older = byId("older");
  if (!older) return;
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    loadOlder(older);
  }, { root: byId("scroll"), rootMargin: "400px 0px 0px 0px" });
  watch.observe(older);
}

async function loadOlder(older) {
  let answer;
  try {
    answer = await ask(older.querySelector("a").href);
  } catch {
    return; // the link stays for a click
  }
  if (answer.status !== 200 || !older.isConnected) return;
  const fresh = parsed(answer.html);
  const scroll = byId("scroll");
  const anchor = older.nextElementSibling.matches(".day")
    ? older.nextElementSibling.nextElementSibling
    : older.nextElementSibling;
  for (const day of fresh.querySelectorAll(".day")) byId(day.id)?.remove();
  const before = anchor.getBoundingClientRect().top;
  const items = [...fresh.children];
  older.replaceWith(...items);
  items.forEach((item) => window.htmx?.process(item));
  scroll.scrollTop += anchor.getBoundingClientRect().top - before;
  watchOlder();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#older a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  loadOlder(link.parentElement);
});
