/* The channel's form: its tabs, and the check of credentials. Without it, all tabs are shown. */
import { get, post } from "./shared.js";

const list = document.querySelector(".pl-tabs");
const tabs = [...list.querySelectorAll("[role=tab]")];
const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

function open(tab, focus = false) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    panelOf(each).hidden = !chosen;
  }
  sessionStorage.setItem("parley-tab", `${location.pathname} ${tab.id}`);
  if (focus) tab.focus();
}

list.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) open(tab);
});
list.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  open(tabs[(at + step + tabs.length) % tabs.length], true);
});

/* A long form of credentials says where its parts begin. */
for (const field of document.querySelectorAll("[data-heading]")) {
  const heading = document.createElement("h2");
  heading.className = "pl-part";
  heading.textContent = field.dataset.heading;
  field.closest(".form-row, .field-row")?.before(heading);
}

/* After a mistake the first tab that holds one opens. */
const mistaken = tabs.find((tab) => tab.querySelector(".pl-count"));
const [path, kept] = (sessionStorage.getItem("parley-tab") ?? " ").split(" ");
const before = path === location.pathname ? document.getElementById(kept) : null;
list.hidden = false;
open(mistaken ?? (location.pathname.endsWith("/add/") ? tabs[0] : before ?? tabs[0]));

function show(verdict, { ok, said }) {
  verdict.classList.toggle("pl-good", ok);
  verdict.classList.toggle("pl-bad", !ok);
  verdict.textContent = said;
}

/* What becomes of a message: asked for each second, for two minutes. */
async function watch(address, verdict) {
  for (let left = 120; left; left -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await get(address);
    show(verdict, answer);
    if (answer.done) return;
  }
}

/* Enter in a field beside such a button presses it; it does not save the page. */
for (const group of document.querySelectorAll("[data-ask-group]")) {
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    group.querySelector("[data-ask]").click();
  });
}

/* Buttons that ask the provider, each with its verdict beside it. */
for (const button of document.querySelectorAll("#pl-check, [data-ask]")) {
  const verdict = button.parentElement.querySelector(".pl-verdict");
  button.addEventListener("click", async () => {
    button.disabled = true;
    verdict.className = "pl-verdict";
    verdict.textContent = "Asking…";
    try {
      const address = button.dataset.ask ?? button.dataset.url;
      const answer = await post(address, new FormData(button.closest("form")));
      show(verdict, answer);
      if (answer.follow) await watch(answer.follow, verdict);
    } catch (error) {
      verdict.classList.add("pl-bad");
      verdict.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
}
