/* Copy buttons: data-copy names the field or block whose text goes to the clipboard. */

const text = (source) => ("value" in source ? source.value : source.textContent);

async function toClipboard(source) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text(source));
    return;
  }
  // Without https a browser offers no clipboard: select the text and use the old command.
  const field = document.createElement("textarea");
  field.value = text(source);
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("not copied");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const before = button.textContent;
  try {
    await toClipboard(document.getElementById(button.dataset.copy));
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and copy";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
});

/* POST without leaving the page; returns the JSON, or throws with a sentence for people. */
export const post = (url, body) => ask(url, { method: "POST", body });
export const get = (url) => ask(url, {});

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, credentials: "same-origin" });
  } catch {
    throw new Error("Parley cannot be reached. Try again.");
  }
  if (answer.status === 403) throw new Error("You are logged out, or may not do this. Load the page again.");
  if (!answer.ok) throw new Error(`Parley answered with an error (${answer.status}).`);
  return answer.json();
}

export const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
