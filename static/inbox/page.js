// What every module of the inbox needs: asking the server, replacing parts, telling the agent.

/** This tab of the browser, as the server knows it. */
export const tab = newKey();

/** Ask for a fragment as htmx would. Rejects only where no answer came. */
export async function ask(url, { body, target = "main", keepalive = false } = {}) {
  const headers = { "HX-Request": "true", "HX-Target": target, "X-Parley-Tab": tab };
  if (body) headers["X-CSRFToken"] = body.get("csrfmiddlewaretoken") ?? "";
  const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, keepalive });
  if (answer.status === 401) location.reload();
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

/** Post files as `ask` does, and tell how much of them has left. Rejects only where no answer came. */
export function upload(url, body, progress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", url);
    const headers = { "HX-Request": "true", "HX-Target": "main", "X-Parley-Tab": tab };
    headers["X-CSRFToken"] = body.get("csrfmiddlewaretoken") ?? "";
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    call.onerror = reject;
    call.onload = () => {
      if (call.status === 401) location.reload();
      const named = { get: (name) => call.getResponseHeader(name) };
      resolve({ status: call.status, headers: named, html: call.responseText });
    };
    call.send(body);
  });
}

/** The elements of a piece of HTML. */
export function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

/** Put `fresh` in the place of `old` unless they are equal; the focus stays. Returns what stands. */
export function patch(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return old;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
  const inRow = focused === "" ? "a, button" : null;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  else if (inRow) fresh.querySelector(inRow)?.focus({ preventScroll: true });
  return fresh;
}

/** Fill the main region. */
export function show(html) {
  const main = document.getElementById("main");
  main.innerHTML = html;
  window.htmx?.process(main);
  main.dispatchEvent(new Event("parley:shown", { bubbles: true }));
}

/** Write an address into the history in the form that htmx restores. */
export function goTo(address) {
  if (address !== location.pathname + location.search) {
    history.pushState({ htmx: true }, "", address);
  }
}

let fading;

/** Say something in passing. */
export function toast(text) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("shown"), 6000);
}

/** A key nobody else makes; crypto.randomUUID exists only on secure origins. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An icon of the sprite. */
export function icon(name) {
  const box = document.createElement("span");
  box.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${document.body.dataset.icons}#${name}"/></svg>`;
  return box.firstChild;
}
