// The virtual phone plays the customer and the network: it calls the channel's real webhook.

import { ask, icon, newKey, parsed, patch } from "../inbox/page.js";

const POLL = 2000; // ms between looks while the stream is down
const MOST = 8 * 1024 * 1024; // bytes; a webhook's body has a limit, and base64 adds a third
const KEPT = "parley:phone:customer";

const byId = (id) => document.getElementById(id);
const screen = byId("screen");
const reported = new Set();
let live = false;
let picture = null;
let last = null; // the message that got no answer: sent again as the same one

// --- who writes to whom -------------------------------------------------------------------------

const asked = new URLSearchParams(location.search);
const kept = localStorage.getItem(KEPT);
if (screen && !asked.has("customer") && kept && kept !== screen.dataset.customer) {
  asked.set("customer", kept);
  location.search = asked;
} else if (asked.has("customer") && screen) {
  localStorage.setItem(KEPT, screen.dataset.customer);
}
byId("who")?.addEventListener("change", (event) => event.currentTarget.submit());
byId("behave")?.addEventListener("change", async (event) => {
  const form = event.currentTarget;
  const note = byId("behave-note");
  try {
    const { status } = await ask(form.action, { body: new FormData(form) });
    note.textContent = status === 204 ? "Saved. It holds from the next message on." : "This was not saved.";
  } catch {
    note.textContent = "This was not saved: no connection.";
  }
});

// --- what the screen shows ----------------------------------------------------------------------

const atEnd = () => screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
const toEnd = () => { screen.scrollTop = screen.scrollHeight; };

let busy = false;
let again = false;

async function look() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const which = new URLSearchParams({ number: screen.dataset.number, customer: screen.dataset.customer });
    const { status, html } = await ask(`${screen.dataset.messages}?${which}`);
    if (status === 200) draw(parsed(html));
  } catch {
    // Looked again by the next event or poll.
  } finally {
    busy = false;
    if (again) look();
    again = false;
  }
}

function draw(fresh) {
  const follow = atEnd();
  for (const item of [...fresh.querySelectorAll("li")]) {
    const old = byId(item.id);
    if (old) patch(old, item);
    else screen.append(item);
  }
  byId("nothing").hidden = screen.childElementCount > 0;
  if (follow) toEnd();
  report();
}

/** Tell the channel once of each answer that it has arrived. */
function report() {
  for (const item of screen.querySelectorAll("[data-report]")) {
    const id = item.dataset.report;
    if (reported.has(id)) continue;
    reported.add(id);
    call({ type: "status", id, status: "delivered" }).then(look, () => reported.delete(id));
  }
}

// --- what the customer says ---------------------------------------------------------------------

async function call(message) {
  const answer = await fetch(screen.dataset.webhook, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(message),
    credentials: "omit",
  });
  if (!answer.ok) throw new Error(`Parley answered ${answer.status}.`);
}

async function say() {
  const text = byId("words").value.trim();
  if (!text && !picture) return;
  const same = last && last.text === text && last.picture === picture;
  last = { id: same ? last.id : newKey(), text, picture };
  trouble("");
  try {
    const files = picture ? [await encoded(picture)] : [];
    const { customer, ours } = screen.dataset;
    await call({ type: "message", id: last.id, from: customer, to: ours, text, files });
  } catch (error) {
    trouble(`Not sent. ${error.message} Your text is kept; send it again.`);
    return;
  }
  last = null;
  byId("words").value = "";
  pick(null);
  toEnd();
  look();
}

function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(new Error("The picture cannot be read."));
    reader.onload = () => resolve({ name: file.name, content_type: file.type, data: reader.result.split(",")[1] });
    reader.readAsDataURL(file);
  });
}

function pick(file) {
  picture = file;
  const line = byId("picked");
  line.hidden = !file;
  line.replaceChildren();
  if (!file) return;
  const name = document.createElement("bdi");
  name.textContent = file.name;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "icon-button";
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.append(icon("cross"));
  remove.addEventListener("click", () => pick(null));
  line.append(name, remove);
}

function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function listen() {
  const which = new URLSearchParams({ number: screen.dataset.number, customer: screen.dataset.customer });
  const source = new EventSource(`/phone/events?${which}`);
  source.onopen = () => { live = true; state(); look(); };
  source.onmessage = look;
  source.addEventListener("refetch", look);
  source.onerror = () => {
    live = false;
    state();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10_000);
  };
}

function state() {
  byId("line").textContent = live ? "Connected" : "Looking every 2 seconds";
}

if (screen) {
  byId("say").addEventListener("submit", (event) => { event.preventDefault(); say(); });
  byId("words").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    say();
  });
  byId("picture").addEventListener("change", (event) => {
    const file = event.target.files[0];
    event.target.value = "";
    if (file && file.size > MOST) trouble("The picture is larger than 8 MB.");
    else if (file) pick(file);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  toEnd();
  report();
  listen();
  setInterval(() => { if (!live && document.visibilityState === "visible") look(); }, POLL);
}
