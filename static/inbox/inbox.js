// The inbox: starts the modules, and looks after what htmx puts into the page.

import * as found from "./found.js";
import * as here from "./here.js";
import { mark, refresh, title } from "./list.js";
import * as live from "./live.js";
import * as notify from "./notify.js";
import { ask, goTo, show, toast } from "./page.js";
import * as supervise from "./supervise.js";
import * as templates from "./templates.js";
import * as thread from "./thread.js";
import "./actions.js";
import "./offers.js";
import "./earlier.js";
import "./menus.js";
import "./status.js";
import "./takers.js";
import "./shortcuts.js";
import "./bar.js";
import "./theme.js";
import "./layout.js";
import "./customers.js";
import "./shell.js";
import "./announce.js";
import "./touch.js";
import "./zone.js";
import "./withtext.js";
import "./emoji.js";
import "./lightbox.js";
import "./message_menu.js";
import { say } from "./words.js";

function settle() {
  thread.begin();
  supervise.begin();
  here.begin();
  found.begin();
  templates.begin();
  mark();
  title();
}

for (const name of ["htmx:afterSettle", "htmx:historyRestore", "parley:shown"]) {
  document.addEventListener(name, settle);
}
document.addEventListener("htmx:afterSwap", (event) => {
  // Opening a session marks it as read, which the list should show at once.
  if (event.detail.target?.id === "main") refresh(0);
});
document.addEventListener("htmx:responseError", (event) => {
  const lost = event.detail.xhr.status === 404;
  toast(lost ? say("This session is no longer yours.") : say("The server could not do it."));
  refresh(0);
});
document.addEventListener("htmx:sendError", () => toast(say("No connection.")));
document.addEventListener("htmx:afterRequest", async (event) => {
  const address = event.detail.xhr?.getResponseHeader("X-Parley-Open");
  if (!address) return;
  const answer = await ask(address);
  goTo(address);
  show(answer.html);
  refresh(0);
  thread.news(); // the first message may have left while the page was on its way
});

// Back and forward: htmx fetches the page anew; the list should not lose its place by that.
let kept = null;
let top = 0; // of the list, which on a phone is not there while a session is read
document.addEventListener("scroll", ({ target }) => {
  if (target.id === "rows-box" && target.offsetParent) top = target.scrollTop;
}, { capture: true, passive: true });
addEventListener("popstate", () => {
  const box = document.getElementById("rows-box");
  kept = box && { query: box.dataset.query, top: box.offsetParent ? box.scrollTop : top };
}, { capture: true });
document.addEventListener("htmx:historyRestore", () => {
  const box = document.getElementById("rows-box");
  if (kept && box?.dataset.query === kept.query) box.scrollTop = kept.top;
  kept = null;
});

here.begin({ known: false });
notify.begin();
settle();
live.begin();
