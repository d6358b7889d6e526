// The panel beside the thread, and the forms of customers' cards.

import { refresh } from "./list.js";
import { goTo } from "./page.js";
import { news } from "./thread.js";

const byId = (id) => document.getElementById(id);
const beside = matchMedia("(min-width: 1181px)"); // as in customers.css: below, it is a sheet

const open = (panel) => (beside.matches ? !("closed" in panel.dataset) : "open" in panel.dataset);

/** Let the button say whether the panel is there, and the forms have their further buttons. */
function settle() {
  const [panel, button] = [byId("panel"), byId("act-panel")];
  if (panel && button) button.setAttribute("aria-expanded", String(open(panel)));
  for (const each of document.querySelectorAll("[data-add-number]")) each.hidden = false;
}

function toggle(wanted) {
  const panel = byId("panel");
  if (!panel || open(panel) === wanted) return;
  if (beside.matches) {
    panel.toggleAttribute("data-closed", !wanted);
    const body = new FormData(panel.querySelector("form"));
    body.set("open", wanted ? "1" : "0");
    fetch(byId("act-panel").dataset.remember, { method: "POST", body }).catch(() => {});
  } else if (wanted) {
    panel.toggleAttribute("data-open", true);
    const address = new URL(location.href);
    address.searchParams.set("panel", "1");
    goTo(address.pathname + address.search);
  } else {
    panel.removeAttribute("data-open");
    const address = new URL(location.href);
    address.searchParams.delete("panel");
    history.replaceState(history.state, "", address);
  }
  settle();
  const focus = wanted ? byId("panel-close") : byId("act-panel");
  focus.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const panel = byId("panel");
  if (event.target.closest("#act-panel")) toggle(!open(panel));
  else if (event.target.closest("#panel-close")) toggle(false);
  const more = event.target.closest("[data-add-number]");
  if (!more) return;
  const lines = more.parentElement.querySelectorAll(".number-line");
  const fresh = lines[lines.length - 1].cloneNode(true);
  fresh.querySelector(".wrong")?.remove();
  const input = fresh.querySelector("input");
  input.value = "";
  input.removeAttribute("aria-invalid");
  more.before(fresh);
  input.focus();
});
// Back closes the sheet, and forward opens it; htmx would fetch the whole page for either.
addEventListener("popstate", (event) => {
  const panel = byId("panel");
  const thread = byId("thread");
  if (!panel || beside.matches || !location.pathname.endsWith(`/s/${thread?.dataset.session}/`)) return;
  const wanted = new URL(location.href).searchParams.has("panel");
  if (wanted === open(panel)) return;
  event.stopImmediatePropagation();
  panel.toggleAttribute("data-open", wanted);
  settle();
}, { capture: true });
document.addEventListener("keydown", (event) => {
  const panel = byId("panel");
  if (event.key === "Escape" && panel && !beside.matches && open(panel)) toggle(false);
});
for (const name of ["htmx:afterSettle", "htmx:historyRestore", "parley:shown"]) {
  document.addEventListener(name, settle);
}
beside.addEventListener("change", settle);

// The server says so where a card or a tag has changed: names and marks stand in many places.
document.body.addEventListener("parley:customer", () => {
  refresh(0);
  news();
});

// In the list of customers: which one is open.
document.addEventListener("htmx:afterSettle", () => {
  for (const link of document.querySelectorAll("#book-rows .row > a")) {
    if (new URL(link.href).pathname === location.pathname) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
});
settle();
