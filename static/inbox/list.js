// The list: refreshed in place, row by row, without moving what the agent is aiming at.

import * as many from "./many.js";
import { ask, parsed, patch, toast } from "./page.js";

const AIMING = 4000; // ms for which a resting pointer in the list means that its owner reads it
const TOP = 24; // px scrolled down that still count as the top
let movedAt = -AIMING;
let timer = null;
let due = Infinity;
let busy = false;
let again = false;
let own = false; // the agent changed the list and wants to see it

const byId = (id) => document.getElementById(id);
const isRow = (item) => item.id.startsWith("row-");

/** Refresh the list soon; many calls become one. */
export function refresh(delay = 120) {
  const at = performance.now() + delay;
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(load, delay);
}

async function load() {
  due = Infinity;
  if (busy) {
    again = true;
    return;
  }
  const box = byId("rows-box");
  if (!box) return;
  const query = box.dataset.query;
  busy = true;
  try {
    // A search stays as it was found; only the counts around it go on.
    const address = "still" in box.dataset ? "/?view=mine" : `/${query}`;
    const { status, html } = await ask(address, { target: "list" });
    if (status === 200 && byId("rows-box")?.dataset.query === query) apply(parsed(html));
  } catch {
    // Offline: the connection's own watch calls again when it is back.
  } finally {
    busy = false;
    if (again) refresh();
    again = false;
  }
}

function apply(fresh) {
  mark(fresh);
  counts(fresh);
  const box = byId("rows-box");
  const freshBox = fresh.querySelector("#rows-box");
  box.dataset.unread = freshBox.dataset.unread;
  title();
  if ("still" in box.dataset) return;
  const rows = [...freshBox.querySelectorAll("#rows > li")].filter(isRow);
  if (!rows.length || !byId("rows").querySelector(".row")) {
    box.replaceChildren(...freshBox.childNodes);
    window.htmx?.process(box);
  } else if (!own && (reading() || box.scrollTop > TOP)) {
    hold(rows);
    if (box.scrollTop <= TOP) refresh(Math.max(200, movedAt + AIMING - performance.now()));
  } else {
    byId("fresh").hidden = true;
    arrange(byId("rows"), rows, freshBox.querySelector("#end"));
  }
  own = false;
  many.sync();
}

/** Whether the agent is about to take a row: nothing may move under the pointer. */
const reading = () => performance.now() - movedAt < AIMING && byId("rows").matches(":hover");

/** Rows to come, instead of a wheel that turns. */
function skeleton() {
  const rows = byId("rows");
  if (!rows) return;
  const row = '<li class="skeleton" aria-hidden="true"><i></i><b></b><u></u></li>';
  rows.innerHTML = row.repeat(8);
  byId("no-rows")?.remove();
  byId("list").setAttribute("aria-busy", "true");
}

/** The numbers beside the sections. */
function counts(fresh) {
  for (const place of ["tabs", "sections"]) {
    const [old, now] = [byId(place), fresh.querySelector(`#${place}`)];
    const current = old.querySelector("[aria-current]")?.id;
    for (const link of now.children) {
      link.removeAttribute("aria-current");
      if (link.id === current) link.setAttribute("aria-current", "page");
    }
    const names = (box) => [...box.children].map((link) => link.id).join();
    if (names(old) !== names(now)) patch(old, now);
    else for (const link of [...now.children]) patch(byId(link.id), link);
  }
}

/** Change the rows where they stand, and tell how many belong above. */
function hold(rows) {
  const first = byId("rows").querySelector(".row").dataset.key;
  const newer = rows.filter((row) => row.dataset.key > first).length;
  for (const row of rows) {
    const old = byId(row.id);
    if (!old) continue;
    if (row.dataset.key > first) row.dataset.key = old.dataset.key; // it has not moved yet
    patch(old, row);
  }
  const button = byId("fresh");
  button.querySelector("span").textContent = newer;
  button.hidden = newer === 0;
}

/** Give the list these newest rows in their order; older ones that were loaded stay below. */
function arrange(list, rows, end) {
  const kept = new Set(rows.map((row) => row.id));
  const oldest = rows.at(-1).dataset.key;
  for (const old of [...list.children].filter(isRow)) {
    if (!kept.has(old.id) && (end || old.dataset.key >= oldest)) old.remove();
  }
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  let next = list.firstElementChild;
  for (const row of rows) {
    const old = byId(row.id);
    if (old && old === next) {
      next = patch(old, row).nextElementSibling;
    } else {
      const placed = old ? patch(old, row) : row;
      list.insertBefore(placed, next);
      if (!old) window.htmx?.process(placed);
    }
  }
  if (end && byId("more")) byId("more").replaceWith(end);
  if (focused?.isConnected && focused !== document.activeElement) {
    focused.focus({ preventScroll: true });
  }
}

/** Mark the row of the open session. */
export function mark(within = document) {
  const open = byId("thread")?.dataset.session;
  for (const link of within.querySelectorAll(".row > a")) {
    if (link.parentElement.id === `row-${open}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (within === document) many.sync();
}

/** Tell the number of unread sessions in the title. */
export function title() {
  const unread = Number(byId("rows-box")?.dataset.unread ?? 0);
  const page = unread ? `(${unread}) Parley` : "Parley";
  if (document.title !== page) document.title = page;
  document.dispatchEvent(new CustomEvent("parley:unread", { detail: unread }));
}

let slow = 0;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "list") return;
  clearTimeout(slow);
  slow = setTimeout(skeleton, 120); // what comes at once needs no promise
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target?.id !== "list") return;
  clearTimeout(slow);
  byId("list").removeAttribute("aria-busy");
  if (event.detail.failed) refresh(0);
});
document.addEventListener("parley:views", () => {
  if (byId("filters")) byId("filters").open = false;
  toast(byId("saved-said")?.textContent.trim() ?? "");
  refresh(0);
});
document.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && event.target.closest("#rows")) movedAt = performance.now();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(".find details[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
  if (!event.target.closest("#fresh")) return;
  byId("rows-box").scrollTop = 0;
  own = true;
  refresh(0);
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".find details[open]");
  if (event.key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
// Scrolled back to the top by hand: what was held back may come.
document.addEventListener("scroll", (event) => {
  if (event.target.id === "rows-box" && event.target.scrollTop <= TOP && !byId("fresh").hidden) refresh(0);
}, { capture: true, passive: true });

many.begin(() => {
  own = true;
  refresh(0);
});
