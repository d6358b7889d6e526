// Files of the composer: chosen, dropped or pasted, and checked before they travel.

import { icon } from "./page.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);
let files = [];
let complain = () => {};
let changed = () => {};

export const chosen = () => files;

export function clear() {
  files = [];
  draw();
}

/** Add the files to what is posted. */
export function into(body) {
  body.delete("files");
  files.forEach((file) => body.append("files", file, file.name));
  return body;
}

/** How much of the files has left, from 0 to 1; null once they are gone. */
export function progress(part) {
  const bar = byId("uploading");
  if (!bar) return;
  bar.hidden = part === null;
  if (part === null) bar.removeAttribute("value");
  else bar.value = part;
}

/** Choose these files again. */
export function put(again) {
  files = again;
  draw();
}

/** Take care of a composer that has just appeared. */
export function begin(form, tell, redrawn) {
  files = [];
  complain = tell;
  changed = redrawn;
  byId("files")?.addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = "";
  });
}

function add(more) {
  const form = byId("write");
  if (!form || !more.length) return;
  if (!("maxBytes" in form.dataset)) {
    complain(say("This channel carries text only; it takes no files."));
    return;
  }
  const wrong = more.map((file) => refuse(file, form.dataset)).filter(Boolean);
  files = files.concat(more.filter((file) => !refuse(file, form.dataset)));
  complain(wrong.join(" "));
  draw();
  form.text.focus();
}

function refuse(file, rules) {
  if (!file.size) return say("{name} is empty.", { name: file.name });
  const own = JSON.parse(rules.sizes).filter(([type]) => file.type.startsWith(type)).map(([, most]) => most);
  const most = Math.min(Number(rules.maxBytes), ...own);
  if (file.size > most) {
    const told = { name: file.name, size: size(file.size), most: size(most), type: file.type };
    return own.length
      ? say("{name} has {size}; at most {most} of the type {type} can be sent here.", told)
      : say("{name} has {size}; at most {most} can be sent here.", told);
  }
  const accept = rules.accept.split(",").filter(Boolean);
  const taken = !accept.length || accept.some((type) =>
    type.endsWith("/*") ? file.type.startsWith(type.slice(0, -1)) : file.type === type);
  return taken ? "" : say("{name} is of a type that cannot be sent here.", { name: file.name });
}

function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} kB`;
  return `${Math.round(bytes / 1024 / 102.4) / 10} MB`;
}

function draw() {
  const list = byId("chosen");
  if (!list) return;
  list.hidden = !files.length;
  changed();
  list.replaceChildren(...files.map((file) => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = file.name;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "icon-button";
    remove.setAttribute("aria-label", say("Remove {name}", { name: file.name }));
    remove.append(icon("cross"));
    remove.addEventListener("click", () => {
      files = files.filter((other) => other !== file);
      draw();
      byId("text")?.focus();
    });
    item.append(picture(file), name, ` ${size(file.size)}`, remove);
    return item;
  }));
}

function picture(file) {
  if (!/^image\/(png|jpeg|gif|webp)$/.test(file.type)) return icon("file");
  const image = new Image(32, 32);
  image.alt = "";
  image.src = URL.createObjectURL(file);
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  return image;
}

document.addEventListener("paste", (event) => {
  if (event.target.id !== "text" || !event.clipboardData.files.length) return;
  event.preventDefault();
  add([...event.clipboardData.files]);
});
document.addEventListener("dragover", (event) => {
  if (!byId("write") || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  byId("composer").classList.add("dropping");
});
for (const name of ["dragleave", "drop", "dragend"]) {
  document.addEventListener(name, () => byId("composer")?.classList.remove("dropping"));
}
document.addEventListener("drop", (event) => {
  if (!byId("write") || !event.dataTransfer.files.length) return;
  event.preventDefault();
  add([...event.dataTransfer.files]);
});
