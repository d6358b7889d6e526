// Keys: which were pressed, and which action that is. Single letters count only where nothing is
// being typed, and can be switched off.

import { inField, listed, run } from "./commands.js";
import { say } from "./words.js";

const TOGETHER = 1500; // ms in which a second key belongs to the first
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
let first = "";
let timer = 0;

const quiet = () => "quiet" in document.getElementById("help").dataset;

/** Whether this key, as it was pressed, is the one written like "Mod+Alt+e", "x" or "?". */
function pressed(event, written) {
  const parts = written === "+" ? ["+"] : written.split("+");
  const key = parts.pop();
  const letter = key.toLowerCase() !== key.toUpperCase();
  if (parts.includes("Mod") !== (MAC ? event.metaKey : event.ctrlKey)) return false;
  if (parts.includes("Alt") !== event.altKey) return false;
  if (letter && parts.includes("Shift") !== event.shiftKey) return false;
  // On a Mac, Option turns letters into others.
  if (MAC && event.altKey && event.code === `Key${key.toUpperCase()}`) return true;
  return event.key.toLowerCase() === key.toLowerCase();
}

const single = (written) => !/^(Mod|Alt)\+|^Escape$/.test(written);

function wanted(event) {
  const typing = inField() || event.target.closest?.("[role=listbox], [role=menu]");
  for (const { slug, keys } of listed()) {
    for (const written of keys) {
      if (single(written) && (typing || quiet())) continue;
      const [one, two] = written.split(" ");
      if (two ? first === one && pressed(event, two) : !first && pressed(event, one)) return slug;
    }
  }
  return null;
}

const begins = (event) => listed().some(({ keys }) =>
  keys.some((written) => written.includes(" ") && pressed(event, written.split(" ")[0])));

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.getModifierState("AltGraph")) return;
  if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const bar = document.getElementById("bar");
  if (document.querySelector("dialog[open]") && !(bar?.open && pressed(event, "Mod+k"))) return;
  // What is open on top closes by itself.
  if (event.key === "Escape" && document.querySelector(".filters[open], :popover-open")) return;
  const slug = wanted(event);
  clearTimeout(timer);
  if (!slug && !first && !inField() && !quiet() && begins(event)) {
    first = event.key.toLowerCase();
    timer = setTimeout(() => { first = ""; }, TOGETHER);
    return;
  }
  first = "";
  // A key that stays down walks on through the list, and does nothing else twice.
  if (!slug || (event.repeat && !["next", "previous"].includes(slug))) return;
  if (run(slug)) event.preventDefault();
});

if (MAC) {
  for (const { keys, ways } of listed()) {
    ways.forEach((way, at) => {
      for (const kbd of way.querySelectorAll("kbd")) {
        if (keys[at].includes("Mod") && kbd.textContent === say("Ctrl")) kbd.textContent = "⌘";
        if (kbd.textContent === "Alt") kbd.textContent = "⌥";
      }
    });
  }
}
