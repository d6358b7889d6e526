// Buttons of the session: Pick up, Transfer, Close, Archive, Retry. One way for all of them.

import { ask, goTo, parsed, show, toast } from "./page.js";
import { apply, seen, turn } from "./thread.js";
import { refresh } from "./list.js";
import * as undo from "./undo.js";
import { begin as beginTemplates } from "./templates.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if ("dialog" in form.dataset) {
    event.preventDefault();
    openDialog(form.action);
  } else if ("act" in form.dataset) {
    event.preventDefault();
    if (form.dataset.busy) return;
    if (form.dataset.confirm && !(await confirmed(form))) return;
    form.dataset.busy = "true";
    await act(form, event.submitter);
    delete form.dataset.busy;
  }
});

async function act(form, submitter) {
  const inDialog = byId("dialog").contains(form);
  const body = seen(new FormData(form, submitter?.form === form ? submitter : null));
  await undo.prepare(form, body);
  body.set("list", byId("rows-box")?.dataset.query ?? "");
  const follows = body.has("next") ? nextRow() : null;
  const mine = turn();
  const despair = hope(form);
  let answer;
  try {
    answer = await ask(form.action, { body });
  } catch {
    toast(say("No connection. Nothing was changed."));
    despair();
    undo.failed(form);
    return;
  }
  if (answer.status === 200) undo.done(form, answer);
  else undo.failed(form);
  if (answer.status !== 200) despair();
  const left = answer.headers.get("X-Parley-Left");
  if (left) {
    byId("dialog").close();
    show(answer.html);
    goTo(left);
    document.getElementById("desk").classList.remove("reading");
    toast(byId("left")?.querySelector("h2").textContent ?? "");
  } else if (answer.status === 422) {
    if (inDialog) fill(answer.html);
    else if (answer.headers.has("X-Parley-Ask")) showDialog(answer.html);
    else toast(parsed(answer.html).querySelector("[role=alert]")?.textContent ?? "");
  } else if (answer.status >= 500 || answer.status === 403) {
    toast(say("The server could not do it ({status}).", { status: answer.status }));
  } else {
    byId("dialog").close();
    apply(answer, mine);
    if (answer.status === 200 && follows) follows();
    if (document.activeElement === document.body) byId("text")?.focus({ preventScroll: true });
  }
  refresh(0);
}

/** How to open the session that stands after this one in the list, or before it at the end. */
function nextRow() {
  const rows = [...document.querySelectorAll("#rows > .row[id^='row-']")];
  const at = rows.findIndex((row) => row.id === `row-${byId("thread")?.dataset.session}`);
  const row = rows[at + 1] ?? rows[at - 1];
  return () => byId(row?.id)?.querySelector("a").click();
}

/** Show at once what most likely becomes so; the answer puts it right. Returns how to take it back. */
function hope(form) {
  const tag = byId("head")?.querySelector(".tag.waiting");
  if (!("hope" in form.dataset) || !tag) return () => {};
  const [button, before] = [form.querySelector("button"), tag.textContent];
  tag.textContent = form.dataset.hope;
  tag.classList.remove("waiting");
  button.classList.add("hoping");
  return () => {
    tag.textContent = before;
    tag.classList.add("waiting");
    button.classList.remove("hoping");
  };
}

// --- dialogs -----------------------------------------------------------------------------------

async function openDialog(address) {
  try {
    const answer = await ask(address);
    if (answer.status !== 200) return apply(answer, turn());
    showDialog(answer.html);
  } catch {
    toast(say("No connection."));
  }
}

function showDialog(html) {
  fill(html);
  byId("dialog").showModal();
}

function fill(html) {
  byId("dialog").innerHTML = html;
  beginTemplates();
}

byId("dialog").addEventListener("close", () => byId("dialog").replaceChildren());

/** Whether the agent says yes to what the form is about to do. */
function confirmed(form) {
  const dialog = byId("dialog");
  fill(`<form method="dialog" class="sheet"><h2 id="dialog-title"></h2><p></p>
    <p class="sheet-foot"><button class="button" value="no" autofocus></button>
    <button class="button primary" value="yes"></button></p></form>`);
  dialog.querySelector("[value=no]").textContent = say("Cancel");
  dialog.querySelector("h2").textContent = `${form.dataset.confirmYes}?`;
  dialog.querySelector("p").textContent = form.dataset.confirm;
  dialog.querySelector("[value=yes]").textContent = form.dataset.confirmYes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("click", (event) => {
  const dialog = byId("dialog");
  if (!dialog?.open) return;
  if (event.target === dialog) dialog.close(); // beside it
  if (event.target.closest("[data-dismiss]")) {
    event.preventDefault();
    dialog.close();
  }
});
