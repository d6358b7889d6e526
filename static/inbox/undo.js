// Undo send: counts down until a message leaves, and puts what was taken back into the composer.

import { parsed } from "./page.js";
import { news } from "./thread.js";
import * as composer from "./composer.js";
import { say } from "./words.js";

setInterval(() => {
  let over = false;
  for (const line of document.querySelectorAll("[data-leaves]")) {
    const left = Math.ceil((Date.parse(line.dataset.leaves) - Date.now()) / 1000);
    if (left > 60) continue;
    if (left > 0) line.querySelector(".left").textContent = say("in {seconds} s", { seconds: left });
    else {
      delete line.dataset.leaves;
      over = true;
    }
  }
  if (over) setTimeout(news, 700); // the server's clock may be a little behind
}, 500);

const undoes = (form) => "undo" in form.dataset;

/** What the server must know to take a message back. */
export async function prepare(form, body) {
  if (undoes(form)) body.set("typed", await composer.held());
}

/** The message is back: its text stands in the answer's composer. */
export function done(form, { html }) {
  if (!undoes(form)) return;
  const item = form.closest("[data-message]");
  const own = [...document.querySelectorAll("#messages > .own")];
  composer.takeBack(parsed(html).querySelector("#text")?.value ?? "", {
    files: Boolean(item?.querySelector(".file, .picture")),
    last: own.at(-1) === item,
  });
}

/** It is not back: what is typed is a draft as before. */
export function failed(form) {
  if (undoes(form)) composer.goOn();
}
