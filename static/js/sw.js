// Service worker of the storefront: keeps the look (style, scripts, pictures) and an honest page for when there is no network.
// Pages, prices and stock are never answered from here: what is true at this moment comes from the server or not at all.
const LOOK = "look-1";
const OFFLINE = "/offline/";
// The list of orders as it was last seen, for when there is no network. It is the person's own: gone with the sign-out.
const KEPT = "orders-1";
const ORDERS = "/orders/";
// The picker's walk, which has to open in a cold room without a network: the page as last seen (what was done since lies in
// IndexedDB, static/js/pick_store.js). It is the person's own, too.
const WALKS = "walks-1";
const WALK = /^\/store\/[^/]+\/walk\/$/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(LOOK).then((cache) => cache.addAll([OFFLINE, "__LOOK__"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== LOOK && name !== KEPT && name !== WALKS).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Somebody leaves or comes: what was kept is nobody's any more.
  if (request.method === "POST" && (url.pathname === "/sign-out/" || url.pathname.startsWith("/sign-in/"))) event.waitUntil(Promise.all([caches.delete(KEPT), caches.delete(WALKS)]));
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === ORDERS) event.respondWith(orders(event));
    else if (WALK.test(url.pathname)) event.respondWith(walk(event, url.pathname));
    else event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
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
async function orders(event) {
  let response;
  try { response = await fetch(event.request); } catch { return (await caches.match(ORDERS)) || caches.match(OFFLINE); }
  // A detour to the sign-in page (an opaque redirect here) means that nobody is signed in.
  if (response.ok && response.type === "basic" && !response.redirected) { const copy = response.clone(); event.waitUntil(caches.open(KEPT).then((cache) => cache.put(ORDERS, copy))); }
  else if (response.type === "opaqueredirect") event.waitUntil(caches.delete(KEPT));
  return response;
}
async function walk(event, path) {
  let response;
  try { response = await fetch(event.request); } catch { return (await caches.match(path)) || caches.match(OFFLINE); }
  if (response.ok && response.type === "basic" && !response.redirected) { const copy = response.clone(); event.waitUntil(caches.open(WALKS).then((cache) => cache.put(path, copy))); }
  else if (response.type === "opaqueredirect") event.waitUntil(caches.delete(WALKS));
  return response;
}
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
