// The composer: Enter sends, text and files are kept until the server has them, exactly once.

import { newKey, show, upload } from "./page.js";
import { apply, news, seen, turn } from "./thread.js";
import { refresh } from "./list.js";
import * as attach from "./attach.js";
import * as costly from "./costly.js";
import * as drafts from "./drafts.js";
import * as outbox from "./held.js";
import { markVariable } from "./offers.js";
import * as overtaken from "./overtaken.js";
import { counted, say } from "./words.js";

const byId = (id) => document.getElementById(id);
let sending = false;
let failed = false; // the last try got no answer: the same text must keep its key
let count = null;
let gone = []; // the files that were sent last, as long as that can be undone

import("./segments.js").then((module) => {
  count = module.count;
  counter();
}, () => {});
costly.begin(() => typed(byId("write")));

/** The length of a text in a provider's unit, as the server measures it. */
const SIZES = {
  characters: (text) => Array.from(text).length,
  "utf-16": (text) => text.length,
  bytes: (text) => new TextEncoder().encode(text).length,
};

/** Take care of a composer that has just appeared. */
export function begin() {
  const form = byId("write");
  if (!form || form.dataset.begun) return;
  form.dataset.begun = "true";
  form.client_key.value = newKey();
  failed = false;
  drafts.begin(form);
  attach.begin(form, complain, counter);
  overtaken.begin(form);
  if (outbox.holds(form.dataset.session, form.text.value)) form.text.value = "";
  outbox.begin(answered);
  fit();
  if (matchMedia("(pointer: fine)").matches && !("walking" in document.body.dataset)) form.text.focus({ preventScroll: true });
}

function typed(form) {
  if (failed) {
    form.client_key.value = newKey();
    failed = false;
  }
  drafts.typed(form);
  overtaken.typed(form);
  complain("");
  grow(form.text);
  counter();
}

/** Show the draft that the server has, unless the agent is at another text. */
export function adopt(text, mine) {
  const form = byId("write");
  if (!form || sending || !drafts.adopt(form, text, mine)) return;
  grow(form.text);
  counter();
}

function grow(box) {
  box.classList.add("measuring");
  box.rows = Math.min(8, Math.max(1, Math.round((box.scrollHeight - 16) / 20)));
  box.classList.remove("measuring");
}

function complain(text) {
  const line = byId("refusal");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}

const UNITS = { characters: () => "", "utf-16": () => say("units"), bytes: () => say("bytes") };

function counter() {
  const line = byId("counter");
  const form = byId("write");
  if (!line || !form) return;
  const text = form.text.value.trim();
  const beside = attach.chosen().length ? form.dataset.maxBeside : undefined;
  const most = Number(beside ?? form.dataset.maxText ?? 0);
  const size = SIZES[form.dataset.unit](text);
  const parts = [];
  if (text && "segments" in line.dataset && count) {
    const found = count(text);
    parts.push(`${found.units}/${found.segments * found.per_segment}`);
    parts.push(counted("{count} segment", "{count} segments", found.segments));
    const letters = [...(found.costly ?? [])];
    if (letters.length) parts.push(say("because of {letters}", { letters: letters.slice(0, 3).join(" ") }));
  } else if (text) {
    const letters = SIZES.characters(text);
    parts.push(counted("{count} character", "{count} characters", letters));
  }
  if (most && size > most) {
    const told = { count: size - most, unit: UNITS[form.dataset.unit]() };
    parts.push((beside ? say("{count} {unit} too many beside a file", told) : say("{count} {unit} too many", told)).replace("  ", " "));
  }
  if (count && "segments" in line.dataset) costly.offer(form.text.value, count);
  line.classList.toggle("over", Boolean(most) && size > most);
  line.textContent = parts.join(" · ");
}

/** What is typed, for good: it is not kept as a draft until the server answers. */
export async function held() {
  await drafts.hold();
  return byId("write")?.text.value ?? "";
}

/** What is typed is a draft again. */
export function goOn() {
  const form = byId("write");
  if (form) drafts.typed(form);
}

/** Put a message that was taken back into the composer. */
export function takeBack(text, { files, last }) {
  const form = byId("write");
  if (!form) return;
  form.text.value = text;
  drafts.settled(form, text);
  form.client_key.value = newKey();
  complain("");
  grow(form.text);
  counter();
  if (files && last && gone.length) attach.put(gone);
  else if (files) complain(say("The message is back. Please attach its files again."));
  form.text.focus({ preventScroll: true });
}

/** Send what stands in the composer. A text is shown at once; files travel first. */
async function send(form) {
  const text = form.text.value;
  if (sending || (!text.trim() && !attach.chosen().length)) {
    form.text.focus();
    return;
  }
  if (attach.chosen().length) return withFiles(form, text);
  const key = form.client_key.value;
  const basis = overtaken.basis();
  form.client_key.value = newKey();
  form.text.value = "";
  gone = [];
  fit();
  complain("");
  await drafts.hold();
  drafts.leave(form);
  outbox.add({ key, text, basis, session: form.dataset.session, url: form.action });
  form.text.focus({ preventScroll: true });
}

/** What the server said to a text of the open session. */
function answered(item, answer, mine) {
  const form = byId("write");
  if (answer.status === 200) {
    outbox.drop(item.key);
    if (form) drafts.settled(form);
    apply(answer, mine, { mineIsNew: true });
    if (form) overtaken.settle(form);
    refresh();
    return;
  }
  takeHeld(item.key, item.text);
  if (answer.status === 422) refused(form, answer);
  else if (answer.status === 409) stopped(form, answer);
  else if (answer.status === 410) show(answer.html);
  else if (answer.status === 404) apply(answer, mine);
  else complain(say("The server could not take it ({status}). Your text is kept.", { status: answer.status }));
}

/** Put a text that has not left back, before what was typed since. */
function takeHeld(key, text) {
  outbox.drop(key);
  const form = byId("write");
  if (!form) return;
  form.text.value = [text, form.text.value].filter(Boolean).join("\n");
  fit();
}

async function withFiles(form, text) {
  sending = true;
  byId("send").setAttribute("aria-busy", "true");
  await drafts.hold();
  const body = attach.into(seen(new FormData(form)));
  body.set("basis", overtaken.basis());
  const mine = turn();
  try {
    const answer = await upload(form.action, body, attach.progress);
    failed = false;
    if (answer.status === 200) sent(form, text, answer, mine);
    else if (answer.status === 422) refused(form, answer);
    else if (answer.status === 409) stopped(form, answer);
    else if (answer.status === 410) show(answer.html);
    else if (answer.status === 404) apply(answer, mine);
    else again(say("The server could not take it ({status}).", { status: answer.status }));
  } catch {
    again(say("No connection."));
  } finally {
    sending = false;
    attach.progress(null);
    byId("send")?.removeAttribute("aria-busy");
  }
}

function again(what) {
  failed = true;
  drafts.typed(byId("write"));
  complain(`${what} ${say("Your text is kept; press Send again. It will not be sent twice.")}`);
}

/** The composer's text and files have gone; what was typed meanwhile stays. */
export function sent(form, text, answer, mine) {
  form.text.value = form.text.value.startsWith(text) ? form.text.value.slice(text.length) : form.text.value;
  form.client_key.value = newKey();
  gone = attach.chosen();
  attach.clear();
  drafts.settled(form);
  complain("");
  fit();
  apply(answer, mine, { mineIsNew: true });
  overtaken.settle(form);
  refresh();
  byId("text")?.focus({ preventScroll: true });
}

function fit() {
  const form = byId("write");
  if (!form) return;
  grow(form.text);
  counter();
}

/** Something new came meanwhile: the agent decides. */
function stopped(form, answer) {
  drafts.typed(form);
  overtaken.show(form, answer.html, () => send(form));
  news();
}

function refused(form, answer) {
  drafts.typed(form);
  if (form) markVariable(form.text);
  complain(reason(answer.html));
}

function reason(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector("[role=alert]")?.textContent ?? say("That was not possible.");
}

document.addEventListener("input", (event) => {
  if (event.target.id === "text" && event.target.form?.id === "write") typed(event.target.form);
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "text" || event.key !== "Enter") return;
  if (event.shiftKey || event.isComposing || event.altKey) return;
  const always = event.ctrlKey || event.metaKey;
  if (!always && byId("desk").dataset.enter === "breaks") return;
  event.preventDefault();
  send(event.target.form);
});
document.addEventListener("click", (event) => {
  const key = event.target.closest?.("[data-take-back]")?.dataset.takeBack;
  if (!key) return;
  const text = byId(`held-${key}`).querySelector(".text").textContent;
  takeHeld(key, text);
  if (byId("write")) drafts.typed(byId("write"));
  byId("text")?.focus();
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "write") return;
  event.preventDefault();
  send(event.target);
});
addEventListener("beforeunload", (event) => {
  if (attach.chosen().length) event.preventDefault();
});

