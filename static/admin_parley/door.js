/* A door's new key, and its secret: fetched only when somebody asks, and in no page. */
import { csrf, post } from "./shared.js";

for (const button of document.querySelectorAll("[data-make]")) {
  const name = button.dataset.make;
  button.addEventListener("click", async () => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", csrf());
    button.disabled = true;
    try {
      const found = await post(button.dataset.url, body);
      document.getElementById(`pl-${name}`).value = found[name];
      document.getElementById(`pl-${name}-row`).hidden = false;
      button.hidden = true; // a second press would make another key
    } catch (error) {
      document.getElementById(`pl-${name}-problem`).textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
}
