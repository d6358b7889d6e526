// The installed app: its service worker, and what that asks of an open page.

import { ask, goTo, show } from "./page.js";

if (navigator.serviceWorker) {
  navigator.serviceWorker.register("/worker.js").catch(() => {}); // without it the page works as before
  navigator.serviceWorker.addEventListener("message", async (event) => {
    const address = event.data?.open;
    if (!address) return;
    try {
      const answer = await ask(address);
      goTo(address);
      show(answer.html);
    } catch {
      location.assign(address);
    }
  });
}
