// Light or dark: the server writes the agent's choice into the page; this follows a new choice at
// once, in every tab.

const SYSTEM = "system";
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("parley:theme") : null;

function show(theme) {
  const root = document.documentElement;
  if (theme === SYSTEM) delete root.dataset.theme;
  else root.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]").content = theme === SYSTEM ? "light dark" : theme;
  for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
    const own = meta.dataset.of;
    meta.media = theme === SYSTEM ? `(prefers-color-scheme: ${own})` : theme === own ? "all" : "not all";
  }
}

function choose(theme) {
  show(theme);
  tabs?.postMessage(theme);
}

tabs?.addEventListener("message", (event) => show(event.data));

document.addEventListener("htmx:afterSettle", () => {
  const page = document.getElementById("preferences");
  const theme = page?.querySelector(".saved") ? page.dataset.theme : null;
  if (theme && theme !== (document.documentElement.dataset.theme ?? SYSTEM)) choose(theme);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const pressed = event.detail.requestConfig?.triggeringEvent?.submitter;
  if (event.detail.successful && pressed?.form?.id === "themes") choose(pressed.value);
});
