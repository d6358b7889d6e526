/* The channel's form: its tabs, and the check of credentials. Without it, all tabs are shown. */
import { post } from "./shared.js";

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

/* After a mistake the first tab that holds one opens. */
const mistaken = tabs.find((tab) => tab.querySelector(".pl-count"));
const [path, kept] = (sessionStorage.getItem("parley-tab") ?? " ").split(" ");
const before = path === location.pathname ? document.getElementById(kept) : null;
list.hidden = false;
open(mistaken ?? (location.pathname.endsWith("/add/") ? tabs[0] : before ?? tabs[0]));

/* Buttons that ask the provider, each with its verdict beside it. */
for (const button of document.querySelectorAll("#pl-check, [data-ask]")) {
  const verdict = button.parentElement.querySelector(".pl-verdict");
  button.addEventListener("click", async () => {
    button.disabled = true;
    verdict.className = "pl-verdict";
    verdict.textContent = "Asking…";
    try {
      const address = button.dataset.ask ?? button.dataset.url;
      const { ok, said } = await post(address, new FormData(button.closest("form")));
      verdict.classList.add(ok ? "pl-good" : "pl-bad");
      verdict.textContent = said;
    } catch (error) {
      verdict.classList.add("pl-bad");
      verdict.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
}
