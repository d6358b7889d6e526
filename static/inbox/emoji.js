// The emoji picker: loaded when it is first opened, with data of our own server.

import { toast } from "./page.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const VENDOR = new URL("../vendor/emoji-picker-element/", import.meta.url);
const TRANSLATED = ["de", "pl"];
let picker = null;

async function load() {
  const language = document.documentElement.lang.slice(0, 2);
  const known = TRANSLATED.includes(language) ? language : "en";
  const { default: Picker } = await import(new URL("picker.js", VENDOR));
  const options = { locale: known, dataSource: new URL(`data/${known}.json`, VENDOR).href };
  if (known !== "en") options.i18n = (await import(new URL(`i18n/${known}.js`, VENDOR))).default;
  const made = new Picker(options);
  made.id = "emoji-picker";
  const theme = document.documentElement.dataset.theme;
  if (theme) made.classList.add(theme);
  made.addEventListener("emoji-click", (event) => put(event.detail.unicode));
  return made;
}

function put(emoji) {
  const text = byId("text");
  close();
  if (!text || !emoji) return;
  text.setRangeText(emoji, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function close() {
  if (!picker?.isConnected) return;
  picker.remove();
  byId("emoji")?.setAttribute("aria-expanded", "false");
  byId("text")?.focus({ preventScroll: true });
}

async function open(button) {
  button.setAttribute("aria-expanded", "true");
  try {
    picker ??= await load();
  } catch {
    button.setAttribute("aria-expanded", "false");
    toast(say("The emoji could not be loaded."));
    return;
  }
  byId("composer").append(picker);
  requestAnimationFrame(() => picker.shadowRoot.querySelector("input")?.focus());
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#emoji");
  if (button && picker?.isConnected) close();
  else if (button) open(button);
  else if (picker?.isConnected && !picker.contains(event.target)) close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !picker?.isConnected) return;
  event.preventDefault();
  event.stopPropagation();
  close();
}, { capture: true });
