// What can be done with one message. One button follows the pointer, so that bubbles need no tab stop
// of their own; by keyboard Alt+Up goes from the composer to the newest message, and arrows go on.

import { toast } from "./page.js";
import { turnTo } from "./noting.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
const menu = byId("message-menu");
let current = null; // the message that the button or the menu belongs to

const messages = () => [...document.querySelectorAll("#messages > .own[data-message], #messages > .theirs, #messages > .private")];
const handle = () => byId("message-handle");

function place(message) {
  const button = handle();
  if (!button || !menu.hidden) return;
  current = message;
  button.hidden = !message;
  if (!message) return;
  const bubble = message.querySelector(".bubble").getBoundingClientRect();
  const beside = message.matches(".theirs") ? bubble.right + 4 : bubble.left - 32;
  button.style.top = `${Math.max(bubble.top, byId("scroll").getBoundingClientRect().top)}px`;
  button.style.left = `${beside}px`;
}

function open(message) {
  current = message;
  menu.hidden = false;
  handle().setAttribute("aria-expanded", "true");
  const at = handle().getBoundingClientRect();
  menu.style.top = `${Math.min(at.bottom + 2, innerHeight - menu.offsetHeight - 8)}px`;
  menu.style.left = `${Math.min(Math.max(8, at.left - (message.matches(".theirs") ? 0 : menu.offsetWidth - 28)), innerWidth - menu.offsetWidth - 8)}px`;
  menu.querySelector("button").focus();
}

function close(focus = true) {
  if (menu.hidden) return;
  menu.hidden = true;
  handle()?.setAttribute("aria-expanded", "false");
  if (focus) handle()?.focus({ preventScroll: true });
}

const textOf = (message) => message.querySelector(".text:not(.quiet)")?.innerText ?? "";

function address(message) {
  const thread = byId("thread").dataset.session;
  return `${location.origin}/s/${thread}/?message=${message.dataset.message}`;
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast(text); // without a secure origin there is no clipboard: at least it can be read
  }
}

function quote(into, message) {
  const box = byId(into);
  if (!box) return toast(say("Nothing can be written here now."));
  const lines = textOf(message).split("\n").map((line) => `> ${line}`).join("\n");
  box.value = `${box.value ? `${box.value}\n` : ""}${lines}\n`;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}

const DOES = {
  text: (message) => copy(textOf(message), say("The text is copied.")),
  link: (message) => copy(address(message), say("The link is copied.")),
  quote: (message) => {
    turnTo("reply", false);
    quote("text", message);
  },
  note: (message) => {
    turnTo("note", false);
    quote("note-text", message);
  },
};

function step(by) {
  const all = messages();
  const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(current) + by))];
  if (!next) return;
  next.scrollIntoView({ block: "nearest" });
  place(next);
  handle().setAttribute("aria-label", `${handle().dataset.label}: ${textOf(next).slice(0, 80)}`);
  handle().focus({ preventScroll: true });
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "mouse" || document.activeElement === handle()) return;
  const message = event.target.closest?.("#messages > li");
  if (message && messages().includes(message)) place(message);
  else if (!event.target.closest?.("#message-handle, #messages")) place(null);
});
document.addEventListener("scroll", (event) => {
  if (event.target.id !== "scroll") return;
  close(false);
  if (document.activeElement !== handle()) place(null);
}, { capture: true, passive: true });
document.addEventListener("click", (event) => {
  const item = event.target.closest?.("[data-do]");
  if (event.target.closest?.("#message-handle") && current) menu.hidden ? open(current) : close();
  else if (item && current) {
    close(item.dataset.do === "text" || item.dataset.do === "link");
    DOES[item.dataset.do](current);
  } else close(false);
});
document.addEventListener("keydown", (event) => {
  if (!menu.hidden && menu.contains(event.target)) {
    const items = [...menu.querySelectorAll("button")];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (by) items[(items.indexOf(event.target) + by + items.length) % items.length].focus();
    else return;
  } else if (event.target === handle() && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    step(event.key === "ArrowUp" ? -1 : 1);
  } else if (event.target === handle() && event.key === "Escape") {
    place(null);
    byId("text")?.focus();
  } else if (event.key === "ArrowUp" && event.altKey && byId("composer")?.contains(event.target)) {
    current = null;
    const all = messages();
    current = all.at(-1) ?? null;
    step(0);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });
document.addEventListener("parley:shown", () => place(null));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "main") place(null);
});
document.addEventListener("focusout", (event) => {
  if (event.target === handle() && menu.hidden) setTimeout(() => document.activeElement !== handle() && place(null));
});
