// The page for times without a line: says what is missing, and goes as soon as the server answers.

const EVERY = 3000; // ms

function tell() {
  document.getElementById("no-network").hidden = navigator.onLine;
  document.getElementById("no-server").hidden = !navigator.onLine;
}

async function look() {
  tell();
  try {
    if ((await fetch("/healthz", { cache: "no-store" })).ok) return location.reload();
  } catch {
    // Not yet.
  }
  setTimeout(look, EVERY);
}

for (const name of ["online", "offline"]) addEventListener(name, tell);
look();
