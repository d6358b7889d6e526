// The tabs of one agent in this browser: one of them speaks for all, and each knows whether any is
// being looked at. Locks end with their tab, however it ends.

const VISIBLE = "parley:visible";
const WATCHED = "parley:watched:";
const locks = navigator.locks; // only on secure addresses; without them each tab is alone
let leads = !locks;
let watching = null; // ends the lock of what this tab shows

locks?.request("parley:leader", () => {
  leads = true;
  return new Promise(() => {}); // as long as this tab lives
});

/** Whether this tab speaks for all. */
export const leading = () => leads;

const session = () => document.getElementById("thread")?.dataset.session;
const visible = () => document.visibilityState === "visible";

/** Tell the other tabs what is looked at here. */
export function watch() {
  const wanted = visible() ? `${WATCHED}${session() ?? ""}` : null;
  if (!locks || watching?.name === wanted) return;
  watching?.end();
  watching = null;
  if (!wanted) return;
  let end;
  const ended = new Promise((resolve) => { end = resolve; });
  watching = { name: wanted, end };
  for (const name of [VISIBLE, wanted]) locks.request(name, { mode: "shared" }, () => ended);
}

/** What is looked at, in any tab: {any, sessions}. */
export async function looked() {
  if (!locks) return { any: visible(), sessions: new Set(visible() && session() ? [session()] : []) };
  const { held } = await locks.query();
  const names = held.map(({ name }) => name);
  return {
    any: names.includes(VISIBLE),
    sessions: new Set(names.filter((name) => name.startsWith(WATCHED)).map((name) => name.slice(WATCHED.length))),
  };
}

for (const name of ["visibilitychange", "htmx:afterSettle", "parley:shown"]) document.addEventListener(name, watch);
watch();
