// Menus are popovers, which a browser opens and closes by itself; here they only get their place.

const GAP = 6; // px between the button and its menu

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".popmenu") || event.newState !== "open") return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  const at = button.getBoundingClientRect();
  const [width, height] = [menu.offsetWidth, menu.offsetHeight];
  const below = at.bottom + GAP + height <= innerHeight;
  const left = Math.min(Math.max(8, at.right - width), innerWidth - width - 8);
  menu.style.insetBlockStart = `${below ? at.bottom + GAP : Math.max(8, at.top - GAP - height)}px`;
  menu.style.left = `${left}px`;
  menu.querySelector("button, a")?.focus({ preventScroll: true });
}, { capture: true });
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".popmenu");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button, a")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(items.indexOf(event.target) + step + items.length) % items.length]?.focus();
});
document.addEventListener("click", (event) => {
  const menu = event.target.closest?.(".popmenu button, .popmenu a")?.closest(".popmenu");
  if (menu?.matches(":popover-open")) menu.hidePopover();
});
