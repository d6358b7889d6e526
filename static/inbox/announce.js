// What a screen reader hears of the open session: new messages, not more often than one can listen.
// The log itself is silent: its messages are replaced whenever their state changes.

const REST = 4000; // ms between two announcements
const LONG = 200; // letters of a message that are read out
const byId = (id) => document.getElementById(id);

let waiting = [];
let free = 0;
let timer = 0;
let thread = null;
let known = new Set();

const keys = () => [...document.querySelectorAll("#messages > [data-message]")].map((item) => item.id);

const watcher = new MutationObserver(() => {
  const last = [...known].at(-1);
  const now = keys();
  const fresh = now.filter((id) => !known.has(id));
  // What was loaded from before the last known one is old.
  for (const id of fresh) {
    const item = byId(id);
    if (now.indexOf(id) > now.indexOf(last) && item.matches(".theirs, .private")) waiting.push(item);
  }
  known = new Set(now);
  if (waiting.length) soon();
});

/** Listen to the thread that is shown now. */
function begin() {
  const messages = byId("messages");
  if (messages === thread) return;
  thread = messages;
  watcher.disconnect();
  waiting = [];
  known = new Set(keys());
  if (messages) watcher.observe(messages, { childList: true });
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(say, Math.max(150, free - performance.now()));
}

function say() {
  const words = byId("app-words").dataset;
  const there = waiting.filter((item) => item.isConnected);
  waiting = [];
  if (!there.length) return;
  free = performance.now() + REST;
  byId("announcer").textContent = there.length === 1
    ? told(there[0])
    : words.newMany.replace("9", there.length);
}

function told(item) {
  const who = item.querySelector(".bubble > .sr, .private-title")?.textContent.trim() ?? "";
  const text = item.querySelector(".text")?.textContent.trim() ?? item.querySelector(".file-name")?.textContent ?? "";
  return `${who} ${text.slice(0, LONG)}`.trim();
}

for (const name of ["htmx:afterSettle", "htmx:historyRestore", "parley:shown"]) document.addEventListener(name, begin);
begin();
