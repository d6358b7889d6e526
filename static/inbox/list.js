// The list: refreshed in place, row by row, without moving what the agent is aiming at.

import { ask, parsed, patch } from "./page.js";

const AIMING = 1500; // ms after the last movement of the pointer in which no row changes its place
let movedAt = -AIMING;
let timer = null;
let due = Infinity;
let busy = false;
let again = false;

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
  const view = byId("rows-box")?.dataset.view;
  if (!view) return;
  busy = true;
  try {
    const { status, html } = await ask(view === "all" ? "/" : `/?view=${view}`, { target: "list" });
    if (status === 200 && byId("rows-box")?.dataset.view === view) apply(parsed(html));
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
  for (const tab of fresh.querySelectorAll("#tabs a")) {
    const old = byId(tab.id);
    if (old) patch(old, tab);
  }
  const box = byId("rows-box");
  const freshBox = fresh.querySelector("#rows-box");
  box.dataset.unread = freshBox.dataset.unread;
  const rows = [...freshBox.querySelectorAll("#rows > li")].filter(isRow);
  if (!rows.length || !byId("rows").querySelector(".row")) {
    box.replaceChildren(...freshBox.childNodes);
    window.htmx?.process(box);
  } else if (performance.now() - movedAt < AIMING) {
    for (const row of rows) if (byId(row.id)) patch(byId(row.id), row);
    refresh(AIMING);
  } else {
    arrange(byId("rows"), rows, freshBox.querySelector("#end"));
  }
  title();
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
}

/** Tell the number of unread sessions in the title. */
export function title() {
  const unread = Number(byId("rows-box")?.dataset.unread ?? 0);
  const page = unread ? `(${unread}) Parley` : "Parley";
  if (document.title !== page) document.title = page;
}

document.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && event.target.closest("#rows")) movedAt = performance.now();
});
