// A message that the address names: shown, and marked for a moment.

const SECONDS = 2.5;

/** Go to the message of `?message=`, once for each time the thread is opened. */
export function begin() {
  const thread = document.getElementById("thread");
  const key = new URLSearchParams(location.search).get("message");
  if (!thread || !/^\d+$/.test(key ?? "") || thread.dataset.found === key) return;
  thread.dataset.found = key;
  const message = document.getElementById(`m${key}`);
  if (!message) return;
  message.scrollIntoView({ block: "center", behavior: "instant" });
  message.classList.add("found");
  setTimeout(() => message.classList.remove("found"), SECONDS * 1000);
}
