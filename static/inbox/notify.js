// Telling the agent of new messages: a tone, a notification of the browser, the number in the title's
// picture. One tab does it for all.

import { toast } from "./page.js";
import { leading, looked } from "./tabs.js";
import { play } from "./tones.js";

const PAUSE = 700; // ms in which a tab that shows the session has marked it as read
const AGAIN = 30_000; // ms until an alert that nobody looked at sounds again
const LASTS = 86_400_000; // ms after which the server is told again that this browser subscribes
const byId = (id) => document.getElementById(id);
const waiting = new Map(); // session: timer
const unseen = new Set(); // sessions whose alert sounds again

const always = () => "always" in document.body.dataset;

/** A customer wrote in this session. */
export function heard(session) {
  if (!leading() || waiting.has(session)) return;
  waiting.set(session, setTimeout(() => {
    waiting.delete(session);
    alert(session, false);
  }, PAUSE));
}

async function alert(session, again) {
  const { any, sessions } = await looked();
  if ((any && !always()) || sessions.has(session)) {
    unseen.delete(session);
    return false;
  }
  let told = null;
  try {
    const answer = await fetch(`/alerts/${session}/`, { headers: { "HX-Request": "true" } });
    if (answer.status === 200) told = await answer.json();
  } catch {
    return false; // offline: it is asked about again with the next message
  }
  if (!told || (again && !told.again)) {
    unseen.delete(session);
    return false;
  }
  if (told.again) unseen.add(session);
  play(told.tone);
  if (!again && !any) notify(told);
  return true;
}

setInterval(async () => {
  if (!leading()) return;
  for (const session of [...unseen]) {
    if (await alert(session, true)) break; // one tone for all of them
  }
}, AGAIN);

async function notify({ title, body, tag, url }) {
  if (!("Notification" in window) || Notification.permission !== "granted" || stopped()) return;
  const shown = { body, tag, data: { url }, icon: document.querySelector("link[rel=apple-touch-icon]").href, silent: true };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker?.active) {
    await worker.showNotification(title, shown);
    return;
  }
  const note = new Notification(title, shown);
  note.addEventListener("click", () => {
    window.focus();
    location.assign(url);
  });
}

// --- the number --------------------------------------------------------------------------------

/** Show how much is unread where the page itself is not seen. */
export function badge(count) {
  if (count) navigator.setAppBadge?.(count).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
  const link = byId("favicon");
  if (link.dataset.count === String(count)) return;
  link.dataset.count = count;
  link.dataset.plain ??= link.href;
  if (!count) {
    link.type = "image/svg+xml";
    link.href = link.dataset.plain;
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const paint = canvas.getContext("2d");
  paint.scale(2, 2);
  paint.fillStyle = "#0f766e";
  paint.fill(new Path2D(document.querySelector(".rail-mark path").getAttribute("d")));
  paint.fillStyle = "#c62828";
  paint.beginPath();
  paint.arc(22, 10, 10, 0, 7);
  paint.fill();
  paint.fillStyle = "#fff";
  paint.font = `700 ${count > 9 ? 12 : 15}px sans-serif`;
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.fillText(count > 99 ? "99" : String(count), 22, 10.8);
  link.type = "image/png";
  link.href = canvas.toDataURL("image/png");
}

document.addEventListener("parley:unread", (event) => badge(event.detail));

// --- the browser's own notifications -------------------------------------------------------------

const stopped = () => localStorage.getItem("parley:notify") === "stopped";

async function subscription() {
  const worker = await navigator.serviceWorker?.getRegistration();
  return (await worker?.pushManager?.getSubscription()) ?? null;
}

function state(pushed) {
  if (!("Notification" in window) || !window.isSecureContext) return "never";
  if (Notification.permission === "denied") return "blocked";
  if (Notification.permission !== "granted" || stopped()) return "ask";
  return pushed ? "on" : "page";
}

/** Show in the settings how it stands. */
async function draw() {
  if (!byId("notifying")) return;
  const now = state(await subscription().catch(() => null));
  for (const part of byId("notifying")?.querySelectorAll("[data-when]") ?? []) {
    part.hidden = !part.dataset.when.split(" ").includes(now);
  }
}

async function post(address, fields) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } });
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const same = (key, wanted) => Boolean(key) && bytes(wanted).every((byte, at) => byte === new Uint8Array(key)[at]);

/** Have this browser told while no page is open, where it can be. */
async function subscribe() {
  const worker = await navigator.serviceWorker?.ready;
  if (!worker?.pushManager) return;
  const { key } = await (await fetch("/push/", { headers: { "HX-Request": "true" } })).json();
  let mine = await worker.pushManager.getSubscription();
  if (mine && !same(mine.options?.applicationServerKey, key)) {
    await mine.unsubscribe(); // it was for another key of ours
    mine = null;
  }
  mine ??= await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys } = mine.toJSON();
  const answer = await post("/push/", { endpoint, ...keys });
  if (answer.ok) localStorage.setItem("parley:pushed", `${Date.now()} ${document.body.dataset.agent} ${endpoint}`);
}

async function ask() {
  localStorage.setItem("parley:asked", "1");
  byId("offer-notify")?.remove();
  if ((await Notification.requestPermission()) === "granted") {
    localStorage.removeItem("parley:notify");
    await subscribe().catch(() => toast(byId("app-words").dataset.noPush));
  }
  draw();
}

async function stop() {
  localStorage.setItem("parley:notify", "stopped");
  localStorage.removeItem("parley:pushed");
  const mine = await subscription().catch(() => null);
  if (mine) {
    await post("/push/stop/", { endpoint: mine.endpoint });
    await mine.unsubscribe();
  }
  draw();
}

/** The server forgets browsers that never come back: say again that this one is here. */
async function renew() {
  if (!localStorage.getItem("parley:pushed")) return; // it was never asked, or cannot
  if (!("Notification" in window) || Notification.permission !== "granted" || stopped()) return;
  const mine = await subscription();
  const [at, agent, endpoint] = (localStorage.getItem("parley:pushed") ?? "").split(" ");
  // The login may be a new one, of which the server knows no browser.
  const fresh = "pushed" in document.body.dataset && Date.now() - Number(at) < LASTS && agent === document.body.dataset.agent;
  if (!fresh || endpoint !== mine?.endpoint) await subscribe();
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("#notify-on, #offer-yes, #offer-no, #notify-stop");
  if (!pressed) return;
  if (pressed.id === "offer-no") {
    localStorage.setItem("parley:asked", "1");
    byId("offer-notify").remove();
  } else if (pressed.id === "notify-stop") stop();
  else ask();
});
document.addEventListener("change", (event) => {
  if (event.target.dataset?.tone) play(event.target.dataset.tone);
});
document.addEventListener("htmx:afterSettle", () => {
  const page = byId("preferences");
  if (page?.querySelector(".saved")) {
    document.body.toggleAttribute("data-always", "always" in page.dataset);
  }
  draw();
  offer();
});

/** Offer notifications, once in the life of this browser. */
function offer() {
  const place = byId("offer-notify");
  if (place) place.hidden = state(null) !== "ask" || stopped() || Boolean(localStorage.getItem("parley:asked"));
}

/** Begin: show how it stands. */
export function begin() {
  draw();
  renew().catch(() => {});
  offer();
}
