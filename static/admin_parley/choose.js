/* Finds a provider while its name is typed. */
const field = document.querySelector("[data-find]");
field?.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  for (const card of document.querySelectorAll(`#${field.dataset.find} > li`)) {
    card.hidden = !card.textContent.toLowerCase().includes(wanted);
  }
});
