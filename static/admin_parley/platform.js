/* The platform's secret is fetched only when somebody asks to see it. */
import { csrf, post } from "./shared.js";

const show = document.getElementById("pl-show");
show?.addEventListener("click", async () => {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", csrf());
  try {
    const { secret } = await post(show.dataset.url, body);
    document.getElementById("pl-secret").value = secret;
    document.querySelector("[data-copy=pl-secret]").hidden = false;
    show.hidden = true;
  } catch (error) {
    document.getElementById("pl-secret-problem").textContent = error.message;
  }
});
