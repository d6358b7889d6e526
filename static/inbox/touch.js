// The phone: a row that is swiped is archived or closed, with the Undo of every such change; the list
// keeps its place; and the composer stays above a keyboard that covers the page.

const FAR = 96; // px after which letting go does it
const SURE = 12; // px after which it is a swipe and not a scroll
const byId = (id) => document.getElementById(id);
let swipe = null; // {row, x, y, by, sure}

const rtl = () => document.documentElement.dir === "rtl";
/** What a swipe by so many px does: towards the end of the line closes, back archives. */
const act = (by) => ((by > 0) !== rtl() ? "close" : "archive");
const button = (name) => document.querySelector(`#many button[name=act][value=${name}]`);

document.addEventListener("touchstart", (event) => {
  const row = event.target.closest?.("#rows > .row");
  swipe = null;
  if (!row || event.touches.length > 1 || !row.querySelector(".pick input") || !byId("many")?.hidden) return;
  const [{ clientX, clientY }] = event.touches;
  swipe = { row, x: clientX, y: clientY, by: 0, sure: false };
}, { passive: true });

document.addEventListener("touchmove", (event) => {
  if (!swipe) return;
  const [{ clientX, clientY }] = event.touches;
  const by = clientX - swipe.x;
  if (!swipe.sure && Math.abs(clientY - swipe.y) > SURE) swipe = null; // it scrolls
  else if (swipe.sure || Math.abs(by) > SURE) drag(by);
}, { passive: true });

function drag(by) {
  const { row } = swipe;
  const name = act(by);
  // What is closed already can only be archived.
  swipe.by = name === "close" && row.classList.contains("closed") ? 0 : by;
  swipe.sure = true;
  row.dataset.swipe = name;
  row.dataset.words = button(name)?.textContent.trim() ?? "";
  row.toggleAttribute("data-far", Math.abs(swipe.by) > FAR);
  row.style.setProperty("--by", `${swipe.by}px`);
}

function end(done) {
  const ended = swipe;
  swipe = null;
  if (!ended?.sure) return;
  const { row, by } = ended;
  for (const name of ["swipe", "words", "far"]) delete row.dataset[name];
  row.style.removeProperty("--by");
  if (!done || Math.abs(by) <= FAR) return;
  row.querySelector(".pick input").checked = true;
  byId("many").requestSubmit(button(act(by)));
}

document.addEventListener("touchend", (event) => {
  if (swipe?.sure && event.cancelable) event.preventDefault(); // the row is not opened as well
  end(true);
});
document.addEventListener("touchcancel", () => end(false));

// --- the keyboard on the screen ------------------------------------------------------------------

// Where the keyboard lies over the page instead of making it smaller.
window.visualViewport?.addEventListener("resize", () => {
  const { height, scale } = window.visualViewport;
  const covered = scale > 1.01 ? 0 : Math.max(0, Math.round(innerHeight - height));
  document.documentElement.style.setProperty("--covered", `${covered > 60 ? covered : 0}px`);
  if (covered > 60) scrollTo(0, 0);
});
