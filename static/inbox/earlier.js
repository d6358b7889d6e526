// Earlier sessions of the customer, above the thread: loaded when they are asked for.

import { ask, parsed, toast } from "./page.js";
import { say } from "./words.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("#earlier > a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (link.dataset.busy) return;
  link.dataset.busy = "true";
  const fresh = await load(link.href);
  delete link.dataset.busy;
  if (!fresh || !link.isConnected) return;
  link.replaceWith(fresh);
  document.querySelector("#earlier summary")?.focus();
});

document.addEventListener("toggle", async (event) => {
  const fold = event.target;
  if (!fold.open || !fold.dataset.folded) return;
  const address = fold.dataset.folded;
  delete fold.dataset.folded;
  const fresh = await load(address);
  if (!fresh) {
    fold.dataset.folded = address;
    fold.open = false;
    return;
  }
  // The thread below has days of its own.
  fresh.querySelectorAll(".day").forEach((day) => day.removeAttribute("id"));
  fold.querySelector("summary").after(fresh);
}, { capture: true });

async function load(address) {
  try {
    const answer = await ask(address);
    if (answer.status === 200) return parsed(answer.html);
  } catch {
    // told below
  }
  toast(say("The earlier sessions could not be loaded."));
  return null;
}
