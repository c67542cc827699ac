// Service worker of the storefront: keeps the look (style, scripts, pictures) and an honest page for when there is no network.
// Pages, prices and stock are never answered from here: what is true at this moment comes from the server or not at all.
const LOOK = "look-1";
const OFFLINE = "/offline/";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(LOOK).then((cache) => cache.addAll([OFFLINE, "__LOOK__"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== LOOK).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (url.pathname.startsWith("/static/") || url.pathname.startsWith("/media/products/") || url.pathname.startsWith("/media/categories/")) {
    // Network first, so that a new release is seen at once; what was kept answers when there is none.
    event.respondWith(
      fetch(request).then((response) => {
        if (response.ok) { const copy = response.clone(); caches.open(LOOK).then((cache) => cache.put(request, copy)); }
        return response;
      }).catch(() => caches.match(request).then((kept) => kept || Response.error())),
    );
  }
});
// A message of ours: shown as it came, and a tap opens the page it is about. What cannot be read is not worth a bell.
self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data.json(); } catch { /* not ours */ }
  const title = said.title || "__SHOP__";
  event.waitUntil(self.registration.showNotification(title, { body: said.body || "", tag: said.tag, icon: "__ICON__", badge: "__ICON__", data: { link: said.link || "/orders/" } }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.link || "/", location.origin);
  if (url.origin !== location.origin) return;
  event.waitUntil((async () => {
    const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find((page) => new URL(page.url).pathname === url.pathname) || open.find((page) => page.url.startsWith(location.origin));
    if (!there) return clients.openWindow(url.href);
    await there.focus();
    return new URL(there.url).pathname === url.pathname ? there : there.navigate(url.href).catch(() => clients.openWindow(url.href));
  })());
});
