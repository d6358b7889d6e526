// What can be done now. An action presses the button or link that names it: data-command="snooze",
// or the id act-snooze. One whose element is not on the page cannot be done and is not offered. The
// shortcuts dialog lists the actions that have keys; a few of them need no button and stand here.

const byId = (id) => document.getElementById(id);
const BUTTONS = {
  search: "#search",
  mine: "#tab-mine",
  unassigned: "#tab-unassigned",
  all: "#tab-all",
  reply: "#mode-reply",
  note: "#mode-note",
  send: "#send",
};

const DOES = {
  next: { able: () => rows().length, run: () => step(1) },
  previous: { able: () => rows().length, run: () => step(-1) },
  select: { able: () => box(), run: () => pick(false) },
  "select-range": { able: () => box(), run: () => pick(true) },
  search: { able: () => byId("search"), run: () => byId("search").select() },
  reply: { able: () => byId("text"), run: () => press(byId("mode-reply")) },
  send: { able: () => shown(byId("send")) || shown(byId("add-note")), run: send },
  help: { able: () => byId("help"), run: () => byId("help").showModal() },
  escape: { able: () => true, run: escape },
};

/** More actions that need no button, from the module that knows how. */
export function add(slug, able, run) {
  DOES[slug] = { able, run };
}

/** Whether somebody sees it, or could. */
function shown(element) {
  return Boolean(element && !element.disabled && !element.closest("[hidden]:not([data-commands])"));
}

function button(slug) {
  const named = [...document.querySelectorAll(`[data-command="${slug}"]`)];
  const found = [...named, byId(`act-${slug}`), BUTTONS[slug] && document.querySelector(BUTTONS[slug])];
  return found.find(shown) ?? null;
}

/** Whether this action can be done now. */
export const able = (slug) => Boolean(slug in DOES ? DOES[slug].able() : button(slug));

/** Do it; returns whether it could be done. */
export function run(slug) {
  if (!able(slug)) return false;
  if (slug in DOES) DOES[slug].run();
  else press(button(slug));
  return true;
}

function press(element) {
  if (element.matches("input:not([type=checkbox]), textarea, select")) element.focus();
  else element.click();
}

/** The actions of the shortcuts dialog: {slug, name, keys}. */
export function listed() {
  return [...document.querySelectorAll("#help [data-shortcut]")].map((row) => ({
    group: row.closest("section"),
    slug: row.dataset.shortcut,
    name: row.querySelector("dt").textContent,
    keys: row.dataset.keys.split("|"),
    ways: [...row.querySelectorAll(".way")],
  }));
}

/** All that can be done now, with keys or without: {name, keys, run}. */
export function offered() {
  const known = listed();
  // What concerns the open session first: it is what the agent is at.
  const found = ordered(known).filter(({ slug }) => !["bar", "escape"].includes(slug) && able(slug))
    .map((each) => ({ ...each, run: () => run(each.slug) }));
  const names = new Set(found.map(({ name }) => name));
  const slugs = new Set(known.map(({ slug }) => slug));
  for (const element of document.querySelectorAll("[data-command], [id^=act-]")) {
    const slug = element.dataset.command ?? element.id.replace(/^act-/, "");
    const name = nameOf(element);
    if (slugs.has(slug) || names.has(name) || !name || !shown(element)) continue;
    names.add(name);
    found.push({ slug, name, keys: [], ways: [], run: () => press(element) });
  }
  return found;
}

/** The groups from the last to the first; within a group all stays. */
function ordered(commands) {
  const groups = [...new Set(commands.map(({ group }) => group))].reverse();
  return groups.flatMap((group) => commands.filter((each) => each.group === group));
}

const nameOf = (element) => (element.dataset.commandName ?? element.getAttribute("aria-label")
  ?? element.querySelector(".label")?.textContent ?? element.textContent).trim().replace(/\s+/g, " ");

// --- the list ----------------------------------------------------------------------------------

const rows = () => [...document.querySelectorAll("#rows .row > a")];

let aimed = ""; // the row whose session is being opened

for (const name of ["htmx:afterSettle", "htmx:afterRequest"]) {
  document.addEventListener(name, (event) => { if (event.detail.target?.id === "main") aimed = ""; });
}

/** The row that is meant: the one with the focus, else that of the open session. */
function row() {
  const focused = document.activeElement?.closest?.("#rows .row");
  return focused ?? byId(aimed || `row-${byId("thread")?.dataset.session}`);
}

function step(by) {
  const links = rows();
  const at = links.indexOf(row()?.querySelector("a"));
  const next = links[at < 0 ? 0 : at + by];
  if (!next) return;
  next.scrollIntoView({ block: "nearest" });
  if (!inField()) {
    // Whoever walks through the list by single keys goes on doing so: the composer must not take them.
    document.body.dataset.walking = "true";
    next.focus({ preventScroll: true });
  }
  aimed = next.parentElement.id;
  next.click();
}

const box = () => row()?.querySelector(".pick input");

function pick(range) {
  box().dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: range }));
}

// --- the keyboard's place ----------------------------------------------------------------------

const FIELDS = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])";

/** Whether what is typed now is text. */
export const inField = () => Boolean(document.activeElement?.matches?.(FIELDS));

function send() {
  const form = document.activeElement?.form;
  press(form?.id === "note" ? byId("add-note") : byId("send"));
}

/** Close what is on top; then leave the field; then go back to the list. */
function escape() {
  if (shown(byId("many"))) return byId("many-none").click();
  const link = row()?.querySelector("a");
  const wide = link?.checkVisibility?.() ?? true;
  if (link && wide) {
    document.body.dataset.walking = "true";
    link.focus();
  } else if (inField()) document.activeElement.blur();
  else document.querySelector("#main .back")?.click();
}

document.addEventListener("pointerdown", () => { delete document.body.dataset.walking; });
