// Selecting sessions in the list, what is done to them at once, and its Undo.

import { ask, parsed, toast } from "./page.js";
import { counted, say } from "./words.js";

const OFFERED = 10_000; // ms in which Undo stands there
const chosen = new Set();
let last = null; // the box that was clicked last, where a range begins
let list = null; // to which list the selection belongs
let told = () => {};
let fading = null;

const byId = (id) => document.getElementById(id);
const boxes = () => [...document.querySelectorAll("#rows .pick input")];

/** Call `refresh` when sessions have left the list. */
export function begin(refresh) {
  told = refresh;
  sync();
}

/** Show in the list as it is now what is selected. A selection ends with its list. */
export function sync() {
  const query = byId("rows-box")?.dataset.query;
  if (query !== list) chosen.clear();
  list = query;
  const shown = boxes();
  const there = new Set(shown.map((box) => box.value));
  for (const key of [...chosen]) if (!there.has(key)) chosen.delete(key);
  for (const box of shown) box.checked = chosen.has(box.value);
  const bar = byId("many");
  if (!bar) return;
  bar.hidden = chosen.size === 0;
  byId("many-count").textContent = chosen.size ? counted("{count} selected", "{count} selected", chosen.size) : "";
  byId("rows")?.classList.toggle("selecting", chosen.size > 0 || selecting());
}

const selecting = () => byId("select")?.getAttribute("aria-pressed") === "true";

function choose(box, on, range) {
  const shown = boxes();
  const from = range ? shown.findIndex((each) => each.value === last) : -1;
  const to = shown.indexOf(box);
  const all = from < 0 ? [box] : shown.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const each of all) {
    if (on) chosen.add(each.value);
    else chosen.delete(each.value);
  }
  last = box.value;
  sync();
}

function none() {
  chosen.clear();
  byId("select")?.setAttribute("aria-pressed", "false");
  sync();
}

async function openAssign(address) {
  try {
    const answer = await ask(address);
    if (answer.status !== 200) return;
    byId("dialog").innerHTML = answer.html;
    byId("dialog").showModal();
  } catch {
    toast(say("No connection."));
  }
}

document.addEventListener("click", (event) => {
  const assign = event.target.closest?.("#many [data-dialog-from]");
  if (assign) openAssign(assign.dataset.dialogFrom);
  const box = event.target.closest?.(".pick input");
  if (box) choose(box, box.checked, event.shiftKey);
  if (event.target.closest?.("#many-none")) none();
  const button = event.target.closest?.("#select");
  if (button) {
    if (selecting()) return none();
    button.setAttribute("aria-pressed", "true");
    sync();
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!["many", "undo", "assign", "hand-over"].includes(form.id)) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  const body = new FormData(form, event.submitter);
  if (form.id === "assign") {
    for (const key of chosen) body.append("session", key);
  }
  if (byId("dialog").contains(form)) byId("dialog").close();
  try {
    const { status, html } = await ask(form.action, { body });
    if (status === 200 || status === 422) offer(html);
    else toast(say("The server could not do it ({status}).", { status }));
    if (status === 200) none();
  } catch {
    toast(say("No connection. Nothing was changed."));
  }
  delete form.dataset.busy;
  told();
});

/** Say what was done, and offer to take it back. */
function offer(html) {
  byId("undo")?.remove();
  const note = parsed(html).querySelector("#undo");
  document.body.append(note);
  clearTimeout(fading);
  const away = () => {
    if (note.matches(":hover, :focus-within")) fading = setTimeout(away, 2000);
    else note.remove();
  };
  fading = setTimeout(away, OFFERED);
}
