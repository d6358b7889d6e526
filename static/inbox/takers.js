// The dialog of who can take a session: the field above narrows the choice.

const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-takers]");
  if (!box || event.target.type !== "search") return;
  const words = plain(event.target.value).split(/\s+/).filter(Boolean);
  const offered = [...box.querySelectorAll(".taker")];
  for (const each of offered) {
    const name = plain(each.querySelector(".taker-name").textContent);
    each.hidden = !words.every((word) => name.includes(word));
  }
  for (const group of box.querySelectorAll("fieldset")) {
    group.hidden = !group.querySelector(".taker:not([hidden])");
  }
  const left = offered.filter((each) => !each.hidden);
  box.querySelector(".takers-none").hidden = left.length > 0;
  // Who is not to be seen cannot be meant; who alone is left is.
  const chosen = offered.find((each) => each.querySelector("input").checked);
  if (chosen?.hidden) chosen.querySelector("input").checked = false;
  if (words.length && left.length === 1) left[0].querySelector("input").checked = true;
});
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-takers]");
  if (!box || event.target.type !== "search" || event.key !== "ArrowDown") return;
  event.preventDefault();
  const first = box.querySelector(".taker:not([hidden]) input");
  first?.focus();
  first?.click();
});
