// What can be chosen while typing: canned replies after "/", colleagues after "@". The keyboard
// stays in the text: arrows move, Enter or Tab takes, Escape closes.

import { ask, parsed } from "./page.js";

const byId = (id) => document.getElementById(id);
const FRESH = 60_000; // ms for which a list that was loaded is used again
const SHOWN = 8;
const KINDS = {
  canned: /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u,
  colleagues: /(?:^|\s)@([\p{L}\p{N}_ -]{0,40})$/u,
};
const loaded = new Map(); // address: {at, items}

let open = null; // {box, list, from}: the text between `from` and the caret is what is sought
let closedAt = null; // what was typed when it was closed: it opens again after another letter

const kindOf = (box) => (box.id === "text" ? "canned" : "colleagues");

async function look(box) {
  const kind = kindOf(box);
  const before = box.value.slice(0, box.selectionStart);
  const found = box.selectionStart === box.selectionEnd && KINDS[kind].exec(before);
  if (!found || closedAt === before) return close();
  closedAt = null;
  const items = await load(box.form.dataset[kind]);
  if (box.value.slice(0, box.selectionStart) !== before || document.activeElement !== box) return;
  show(box, items, found[1], before.length - found[1].length - 1);
}

async function load(address) {
  const known = loaded.get(address);
  if (known && Date.now() - known.at < FRESH) return known.items;
  try {
    const answer = await ask(address);
    if (answer.status !== 200) return [];
    const items = [...parsed(answer.html).querySelectorAll("[role=option]")];
    loaded.set(address, { at: Date.now(), items });
    return items;
  } catch {
    return known?.items ?? [];
  }
}

function show(box, items, sought, from) {
  const list = byId(box.dataset.offers);
  const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  const wanted = plain(sought);
  const begin = items.filter((item) => plain(item.dataset.find).startsWith(wanted));
  const hold = kindOf(box) === "canned" && wanted.length > 1
    ? items.filter((item) => !begin.includes(item) && plain(item.textContent).includes(wanted))
    : [];
  const fit = [...begin, ...hold].slice(0, SHOWN);
  if (!fit.length) return close();
  const chosen = open?.list.querySelector("[aria-selected=true]")?.id;
  list.replaceChildren(...fit.map((item) => item.cloneNode(true)));
  list.hidden = false;
  open = { box, list, from };
  mark([...list.children].find((item) => item.id === chosen) ?? list.firstElementChild);
}

function mark(item) {
  for (const each of open.list.children) each.setAttribute("aria-selected", String(each === item));
  item.scrollIntoView({ block: "nearest" });
  open.box.setAttribute("aria-activedescendant", item.id);
}

function close() {
  if (!open) return;
  open.list.hidden = true;
  open.box.removeAttribute("aria-activedescendant");
  open = null;
}

/** Mark the first variable from here on, so that what is typed takes its place. */
export function markVariable(box, from = 0) {
  const left = /\{(customer|agent|number)\}/.exec(box.value.slice(from));
  if (left) box.setSelectionRange(from + left.index, from + left.index + left[0].length);
}

function take(item) {
  const { box, from } = open;
  const text = item.dataset.insert;
  close();
  box.setRangeText(text, from, box.selectionStart, "end");
  if (kindOf(box) === "canned") markVariable(box, from);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus({ preventScroll: true });
}

function move(step) {
  const items = [...open.list.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  mark(items[(at + step + items.length) % items.length]);
}

document.addEventListener("input", (event) => {
  if (event.target.dataset?.offers) look(event.target);
});
document.addEventListener("keydown", (event) => {
  if (!open || event.target !== open.box || event.isComposing) return;
  const item = open.list.querySelector("[aria-selected=true]");
  const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (plain && (event.key === "Enter" || event.key === "Tab")) take(item);
  else if (event.key === "Escape") {
    closedAt = open.box.value.slice(0, open.box.selectionStart);
    close();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });
document.addEventListener("pointerdown", (event) => {
  if (!open) return;
  const item = event.target.closest?.("[role=option]");
  if (item && open.list.contains(item)) {
    event.preventDefault(); // the text keeps the focus
    take(item);
  } else if (event.target !== open.box) close();
});
document.addEventListener("focusout", (event) => {
  if (open && event.target === open.box) close();
});
