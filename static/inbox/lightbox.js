// Pictures of the thread, large: arrows go through them, + and - or the wheel zoom, Esc closes.

const byId = (id) => document.getElementById(id);
const MOST = 6;
let at = 0;
let zoom = 1;
let moved = { x: 0, y: 0 };
let from = null;

const pictures = () => [...document.querySelectorAll("#messages a[data-lightbox]")];
const box = () => byId("lightbox");
const image = () => box().querySelector("img");

function draw() {
  const all = pictures();
  at = (at + all.length) % all.length;
  const link = all[at];
  const name = link.querySelector("img").alt;
  image().src = link.href;
  image().alt = name;
  box().querySelector("figcaption bdi").textContent = name;
  box().querySelector(".lightbox-count").textContent = all.length > 1 ? `${at + 1} / ${all.length}` : "";
  box().querySelector(".lightbox-open").href = link.href;
  for (const button of box().querySelectorAll("[data-step]")) button.hidden = all.length < 2;
  scale(1);
}

function scale(wanted) {
  zoom = Math.min(MOST, Math.max(1, wanted));
  if (zoom === 1) moved = { x: 0, y: 0 };
  image().style.transform = `translate(${moved.x}px, ${moved.y}px) scale(${zoom})`;
  box().classList.toggle("zoomed", zoom > 1);
}

function step(by) {
  at += by;
  draw();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-lightbox]");
  if (link && box() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const place = pictures().indexOf(link);
    if (place < 0) return; // of an earlier session: opens by itself
    event.preventDefault();
    at = place;
    draw();
    box().showModal();
    return;
  }
  if (!box()?.open) return;
  const button = event.target.closest?.("[data-step], [data-zoom], [data-shut]");
  if (button?.dataset.step) step(Number(button.dataset.step));
  else if (button?.dataset.zoom) scale(zoom * Number(button.dataset.zoom));
  else if (button || event.target === box() || event.target.matches("figure")) box().close();
});
document.addEventListener("keydown", (event) => {
  if (!box()?.open) return;
  const does = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    "+": () => scale(zoom * 1.5), "=": () => scale(zoom * 1.5), "-": () => scale(zoom / 1.5), 0: () => scale(1),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

box()?.addEventListener("wheel", (event) => {
  event.preventDefault();
  scale(zoom * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
}, { passive: false });
box()?.addEventListener("dblclick", (event) => {
  if (event.target === image()) scale(zoom > 1 ? 1 : 2.5);
});
box()?.addEventListener("pointerdown", (event) => {
  if (event.target !== image() || zoom === 1) return;
  event.preventDefault();
  from = { x: event.clientX - moved.x, y: event.clientY - moved.y };
  image().setPointerCapture(event.pointerId);
});
box()?.addEventListener("pointermove", (event) => {
  if (!from) return;
  moved = { x: event.clientX - from.x, y: event.clientY - from.y };
  scale(zoom);
});
for (const name of ["pointerup", "pointercancel"]) box()?.addEventListener(name, () => { from = null; });
box()?.addEventListener("close", () => {
  image().removeAttribute("src");
  pictures()[at]?.focus({ preventScroll: true });
});
