/* Campaigns: progress while it is looked at, the preview of the text, the list while it is read. */
import { count } from "../inbox/segments.js";
import { get } from "./shared.js";

const EVERY = 2000; // milliseconds
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/* Ask again and again while somebody looks; `seen` says whether to go on. */
async function watch(address, seen) {
  for (;;) {
    await wait(EVERY);
    if (document.hidden) continue;
    try {
      if (!seen(await get(address))) return;
    } catch {
      await wait(3 * EVERY); // the next answer tells all
    }
  }
}

/* --- the campaign's page --- */

const page = document.getElementById("pl-campaign");
const LIVE = ["running", "scheduled", "paused"];

function show(told) {
  for (const each of page.querySelectorAll("[data-told]")) {
    const value = String(told[each.dataset.told]);
    if (each.textContent !== value) each.textContent = value;
  }
  for (const each of page.querySelectorAll("[data-count]")) each.textContent = told.counts[each.dataset.count];
  const bar = page.querySelector(".pl-bar");
  bar.setAttribute("aria-label", told.words);
  for (const { name, at, width } of told.parts) {
    const part = bar.querySelector(`.pl-bar-${name}`);
    part.setAttribute("x", at);
    part.setAttribute("width", width);
  }
}

if (page) {
  const first = JSON.parse(document.getElementById("pl-told").textContent);
  show(first);
  watch(page.dataset.ask, (told) => {
    show(told);
    if (told.state === page.dataset.state) return LIVE.includes(told.state) || told.counts.queued !== "0";
    location.reload(); // other buttons
    return false;
  });
  page.addEventListener("click", (event) => {
    const sure = event.target.closest("[data-sure]")?.dataset.sure;
    if (sure && !window.confirm(sure)) event.preventDefault();
  });
}

/* --- while the list is read and checked --- */

const reading = document.getElementById("pl-reading");
const checkPage = document.getElementById("pl-check-page");

if (reading && !reading.hidden && reading.querySelector("progress")) {
  const [bar, words] = [reading.querySelector("progress"), reading.querySelector("[data-reading]")];
  watch(reading.dataset.ask, (told) => {
    if (told.fault) { location.reload(); return false; }
    bar.value = told.reading ? told.read_percent : told.checked_percent;
    words.textContent = told.reading
      ? words.dataset.reading.replace("%s", told.lines)
      : words.dataset.checking.replace("%s", told.checked_percent).replace("%%", "%");
    if (told.reading || !told.checked) return true;
    reading.hidden = true;
    if (checkPage) location.reload();
    return false;
  });
}

/* --- the text --- */

const form = document.getElementById("pl-text-form");

const folded = (name) => name.trim().split(/\s+/).join(" ").toLowerCase();
const fill = (text, values) =>
  text.replace(/\{\{\s*([^{}|]{1,200}?)\s*(?:\|\s*([^{}]{0,200}?)\s*)?\}\}/g, (all, name, otherwise) =>
    (values[folded(name)] ?? "").trim() || (otherwise ?? all));

function preview(data) {
  const text = form.elements.text;
  const chosen = form.elements.template?.value;
  const values = chosen ? data.variables[chosen].map((_, at) => form.elements[`value-${chosen}-${at}`].value) : [];
  const written = chosen
    ? data.templates[chosen].replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (all, name) => values[data.variables[chosen].indexOf(name)] || all)
    : text.value;
  const samples = data.samples.length ? data.samples : [{ to: "", values: {} }];
  const filled = samples.map(({ to, values: row }) => [to, fill(written, row)]);
  document.getElementById("pl-preview").replaceChildren(...filled.map(([to, said]) => {
    const item = document.createElement("li");
    item.className = "pl-message pl-out";
    const bubble = item.appendChild(document.createElement("div"));
    bubble.className = "pl-bubble pl-text";
    bubble.textContent = said || "…";
    const meta = item.appendChild(document.createElement("p"));
    meta.className = "pl-meta";
    meta.textContent = to;
    return item;
  }));
  const counter = document.getElementById("pl-counter");
  const longest = filled.map(([, said]) => said).sort((a, b) => b.length - a.length)[0];
  const found = data.phone && longest ? count(longest) : null;
  counter.textContent = found
    ? `${found.units}/${found.segments * found.per_segment} · ${found.segments === 1 ? "1 segment" : `${found.segments} segments`} · ${found.encoding}`
      + (found.costly.length ? ` because of ${found.costly.slice(0, 8).join(" ")}` : "")
    : "";
  text.readOnly = Boolean(chosen);
  for (const each of form.querySelectorAll("[data-template]")) each.hidden = each.dataset.template !== chosen;
}

if (form) {
  const data = JSON.parse(document.getElementById("pl-preview-data").textContent);
  let last = form.elements.text;
  form.addEventListener("input", () => preview(data));
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, [name^=value-]")) last = event.target;
  });
  form.addEventListener("click", (event) => {
    const column = event.target.closest("[data-insert]")?.dataset.insert;
    if (!column) return;
    last.setRangeText(`{{${column}}}`, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    preview(data);
  });
  preview(data);
}
