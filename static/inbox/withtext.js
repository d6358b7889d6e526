// Dialogs that send what stands in the composer: later, or from another number.

import { ask, goTo, parsed, show, toast, upload } from "./page.js";
import * as attach from "./attach.js";
import { held, sent } from "./composer.js";
import { refresh } from "./list.js";
import { news, seen, turn } from "./thread.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("withText" in form.dataset)) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  const write = byId("write");
  const own = form.dataset.withText !== "kept"; // else the text is one that was sent before
  const text = own ? await held() : "";
  const body = seen(new FormData(form, event.submitter));
  if (own) {
    body.set("text", text);
    body.set("client_key", write.client_key.value);
    attach.into(body);
  }
  const mine = turn();
  try {
    const answer = await upload(form.action, body, own ? attach.progress : () => {});
    const there = answer.headers.get("X-Parley-Open");
    if (answer.status === 422) byId("dialog").innerHTML = parsed(answer.html).firstElementChild.outerHTML;
    else if (there || answer.status === 200) {
      byId("dialog").close();
      if (own) sent(write, text, answer, mine);
      if (there) await follow(there);
    } else toast(say("The server could not do it ({status}).", { status: answer.status }));
  } catch {
    toast(say("No connection. Nothing was changed."));
  } finally {
    attach.progress(null);
    delete form.dataset.busy;
  }
});

async function follow(address) {
  const answer = await ask(address);
  goTo(address);
  show(answer.html);
  refresh(0);
  news();
}
