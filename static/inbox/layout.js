// How the agent has arranged the page: the list's width, density, what Enter does. Kept on the server.

import { ask, toast } from "./page.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const STEP = 16; // px by an arrow key

/** Keep these settings. */
export async function keep(values) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  for (const [name, value] of Object.entries(values)) body.set(name, value);
  try {
    return (await ask(byId("desk").dataset.layout, { body, keepalive: true })).status === 204;
  } catch {
    return false;
  }
}

document.addEventListener("change", async (event) => {
  const form = event.target.form;
  if (!form || !("layout" in form.dataset)) return;
  const { name, value } = event.target;
  if (name === "density") byId("desk").dataset.density = value;
  if (name === "enter_sends") byId("desk").dataset.enter = value === "True" ? "sends" : "breaks";
  toast((await keep({ [name]: value })) ? say("Saved") : say("It could not be saved."));
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("#events");
  if (!button) return;
  const shown = byId("desk").dataset.events === "hidden";
  byId("desk").dataset.events = shown ? "shown" : "hidden";
  button.setAttribute("aria-pressed", String(shown));
  if (!(await keep({ events: shown ? "True" : "False" }))) toast(say("It could not be saved."));
});

// --- the list's width --------------------------------------------------------------------------

const grip = byId("grip");
let from = null; // {x, width} while it is dragged
let waiting = 0;

function draw(width) {
  const found = Math.round(Math.min(grip.ariaValueMax, Math.max(grip.ariaValueMin, width)));
  document.documentElement.style.setProperty("--list-width", `${found}px`);
  grip.ariaValueNow = found;
  clearTimeout(waiting);
  waiting = setTimeout(() => keep({ list_width: found }), 600);
}

const rtl = () => getComputedStyle(document.documentElement).direction === "rtl";

grip?.addEventListener("pointerdown", (event) => {
  from = { x: event.clientX, width: byId("list").offsetWidth };
  grip.setPointerCapture(event.pointerId);
  event.preventDefault();
});
grip?.addEventListener("pointermove", (event) => {
  if (from) draw(from.width + (event.clientX - from.x) * (rtl() ? -1 : 1));
});
for (const name of ["pointerup", "pointercancel"]) {
  grip?.addEventListener(name, () => { from = null; });
}
grip?.addEventListener("dblclick", () => draw(344));
grip?.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  if (!step) return;
  event.preventDefault();
  draw(byId("list").offsetWidth + step * (rtl() ? -1 : 1));
});
