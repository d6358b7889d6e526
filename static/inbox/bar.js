// The command bar: every action that is possible now, sessions and canned replies, by a few letters.

import { add, offered } from "./commands.js";
import { ask, parsed } from "./page.js";

const PAUSE = 200; // ms after the last letter before sessions are looked for
const SHOWN = { actions: 60, sessions: 6, replies: 5 };
const byId = (id) => document.getElementById(id);

let actions = [];
let replies = [];
let sessions = [];
let items = []; // what is shown: {element, run}
let at = 0;
let timer = 0;
let asked = 0;

const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

/** How well these letters fit this name: 0 not at all, more is better. */
export function fit(letters, name) {
  const [wanted, text] = [plain(letters.trim()), plain(name)];
  if (!wanted) return 1;
  if (text.startsWith(wanted)) return 100;
  const place = text.indexOf(wanted);
  if (place > 0) return /[\p{L}\p{N}]/u.test(text[place - 1]) ? 50 : 80;
  let score = 0;
  let from = 0;
  for (const letter of wanted.replace(/\s+/g, "")) {
    const found = text.indexOf(letter, from);
    if (found < 0) return 0;
    score += found === 0 || !/[\p{L}\p{N}]/u.test(text[found - 1]) ? 3 : found === from ? 2 : 1;
    from = found + 1;
  }
  return score / wanted.length + 1;
}

function best(kind, list, letters) {
  return list.map((each) => ({ ...each, kind, score: fit(letters, each.find ?? each.name) }))
    .filter(({ score }) => score > 0).sort((a, b) => b.score - a.score).slice(0, SHOWN[kind]);
}

function draw() {
  const letters = byId("bar-text").value;
  const fitting = [
    ...best("actions", actions, letters),
    ...(letters.trim().length > 1 ? sessions.slice(0, SHOWN.sessions) : []),
    ...(letters.trim() ? best("replies", replies, letters) : []),
  ];
  const names = byId("bar-groups").content;
  let kind = "";
  items = [];
  const parts = [];
  for (const each of fitting) {
    if (each.kind !== kind) {
      kind = each.kind;
      const head = document.createElement("li");
      head.role = "presentation";
      head.className = "bar-group";
      head.textContent = names.querySelector(`[data-group=${kind}]`).textContent;
      parts.push(head);
    }
    const element = line(each, items.length);
    items.push({ element, run: each.run });
    parts.push(element);
  }
  byId("bar-list").replaceChildren(...parts);
  byId("bar-none").hidden = items.length > 0;
  choose(0);
}

function line({ name, more, ways }, number) {
  const element = document.createElement("li");
  element.role = "option";
  element.id = `bar-${number}`;
  const said = document.createElement("span");
  said.className = "bar-name";
  said.dir = "auto";
  said.textContent = name;
  element.append(said);
  if (more) {
    const rest = document.createElement("span");
    rest.className = "bar-more";
    rest.dir = "auto";
    rest.textContent = more;
    element.append(rest);
  }
  if (ways?.length) {
    const keys = document.createElement("span");
    keys.className = "bar-keys";
    keys.append(...[...ways[0].children].map((kbd) => kbd.cloneNode(true)));
    element.append(keys);
  }
  return element;
}

function choose(number) {
  at = items.length ? (number + items.length) % items.length : 0;
  items.forEach(({ element }, each) => element.setAttribute("aria-selected", String(each === at)));
  const chosen = items[at]?.element;
  if (chosen) byId("bar-text").setAttribute("aria-activedescendant", chosen.id);
  else byId("bar-text").removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function take(number) {
  const item = items[number];
  if (!item) return;
  byId("bar").close(); // the focus is back where it was before the action begins
  item.run();
}

async function look() {
  const letters = byId("bar-text").value.trim();
  const mine = ++asked;
  if (letters.length < 2) {
    sessions = [];
    return draw();
  }
  try {
    const { status, html } = await ask(`/?q=${encodeURIComponent(letters)}`, { target: "list" });
    if (mine !== asked || status !== 200) return;
    sessions = [...parsed(html).querySelectorAll("#rows .row > a")].map((link) => ({
      kind: "sessions",
      name: link.querySelector(".row-name").textContent.trim(),
      more: link.querySelector(".row-text").textContent.trim().replace(/\s+/g, " "),
      run: () => go(link.getAttribute("href")),
    }));
    draw();
  } catch {
    // Offline: the actions are there.
  }
}

/** Open a session as a row does, beside the list as it is. */
function go(address) {
  const [path, hash] = address.split("#");
  const url = new URL(path, location.origin);
  url.searchParams.delete("q");
  const link = document.createElement("a");
  link.href = url.pathname + url.search + (hash ? `#${hash}` : "");
  link.setAttribute("hx-get", url.pathname + url.search);
  link.setAttribute("hx-target", "#main");
  link.setAttribute("hx-push-url", link.getAttribute("href"));
  link.hidden = true;
  document.body.append(link);
  window.htmx.process(link);
  link.click();
  link.remove();
}

async function loadReplies() {
  replies = [];
  const address = byId("write")?.dataset.canned;
  if (!address) return;
  try {
    const { status, html } = await ask(address);
    if (status !== 200) return;
    replies = [...parsed(html).querySelectorAll("[role=option]")].map((option) => ({
      name: option.querySelector("b").textContent,
      more: option.dataset.insert,
      find: `${option.dataset.find} ${option.dataset.insert}`,
      run: () => insert(option.dataset.insert),
    }));
    if (byId("bar").open) draw();
  } catch {
    // Offline: the actions are there.
  }
}

function insert(text) {
  const box = byId("text");
  if (!box) return;
  box.focus({ preventScroll: true });
  box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function open() {
  const bar = byId("bar");
  if (bar.open) return bar.close();
  actions = offered();
  sessions = [];
  byId("bar-text").value = "";
  bar.showModal();
  draw();
  loadReplies();
}

add("bar", () => byId("bar"), open);

byId("bar").addEventListener("input", () => {
  draw();
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
});
byId("bar").addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown") choose(at + 1);
  else if (event.key === "ArrowUp") choose(at - 1);
  else if (event.key === "Enter") take(at);
  else return;
  event.preventDefault();
});
byId("bar").addEventListener("click", (event) => {
  if (event.target === byId("bar")) return byId("bar").close(); // beside it
  const option = event.target.closest("[role=option]");
  if (option) take(items.findIndex(({ element }) => element === option));
});
document.addEventListener("click", (event) => {
  if (event.target === byId("help") || event.target.closest("#help a")) byId("help").close();
});
