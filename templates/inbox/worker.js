// The service worker: the page for times without a line, and notifications while the page is closed.
// It keeps no page, no message and no answer of the server.

const OFFLINE = "{{ offline|escapejs }}";
const SHELL = [OFFLINE{% for path in shell %}, "{{ path|escapejs }}"{% endfor %}];
const KEPT = "parley-shell-{{ version }}";

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) =>
    kept.addAll(SHELL.map((path) => new Request(path, { cache: "reload", credentials: "omit" })))));
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("parley-shell-") && name !== KEPT) await caches.delete(name);
    }
    await registration.navigationPreload?.enable();
    await clients.claim();
  })());
});

const kept = (path) => caches.match(path, { ignoreVary: true });

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith((async () => {
      try {
        return (await event.preloadResponse) ?? (await fetch(request));
      } catch {
        return (await kept(OFFLINE)) ?? Response.error();
      }
    })());
  } else if (SHELL.includes(new URL(request.url).pathname)) {
    event.respondWith(fetch(request).catch(async () => (await kept(request)) ?? Response.error()));
  }
});

addEventListener("push", (event) => {
  const told = event.data?.json();
  if (!told) return;
  event.waitUntil((async () => {
    const pages = await clients.matchAll({ type: "window" });
    if (pages.some((page) => page.visibilityState === "visible")) return; // they see for themselves
    await registration.showNotification(told.title, {
      body: told.body, tag: told.tag, data: { url: told.url },
      icon: "{{ icon|escapejs }}", badge: "{{ badge|escapejs }}",
    });
  })());
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data?.url ?? "/";
  event.waitUntil((async () => {
    const [page] = await clients.matchAll({ type: "window" });
    if (!page) return clients.openWindow(url);
    page.postMessage({ open: url });
    return page.focus();
  })());
});
