// The time in which a network takes free texts: counted down beside the composer.

const byId = (id) => document.getElementById(id);
let timer = 0;

/** Count the window down that is on the page now; `over` is called when it has closed. */
export function begin(over) {
  clearTimeout(timer);
  const line = byId("window");
  if (!line) return;
  const left = (Date.parse(line.dataset.closes) - Date.now()) / 1000;
  if (left <= 0) {
    over();
    return;
  }
  line.querySelector(".left").textContent = words(left);
  line.classList.toggle("soon", left < 3600);
  timer = setTimeout(() => begin(over), left < 90 ? 1000 : 15000);
}

function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${Math.max(0, Math.floor(seconds))} s`;
}
