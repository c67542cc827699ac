// An order on its way. One small answer is asked for again and again (data-track on #now): it says which part of the page changed
// (that part is then read again), where the rider is, and how long it takes. The socket, where there is one, only says "now" sooner
// and carries positions; without it nothing is missing but seconds.
//   #now [data-track] [data-mark]   #rest [data-rest-mark]   #track-map   #track-away   [data-track-dot]   #track-said   #track-words
(() => {
  "use strict";
  const ASK_RIDING_MS = 5000;
  const ASK_MS = 15000;
  const ASK_BESIDE_SOCKET_MS = 30000;
  const HANDS_OFF_MS = 20000; // whoever moved the map is left alone for so long
  const SAY_MS = 60000; // a screen reader hears of a mere change of the range at most so often
  const LOST_MS = 40000;
  const OLD_MS = 90000;
  const JUMP_METRES = 800;
  const LONGEST_GLIDE_MS = 6000;
  const NEAR_METRES = 500;
  const RIDING = ["PICKED_UP", "IN_TRANSIT"];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const $ = (selector) => document.querySelector(selector);
  const words = () => $("#track-words")?.dataset || {};
  const status = () => $("#now [data-status]")?.dataset.status || "";
  const fire = (name) => document.body.dispatchEvent(new CustomEvent(name));

  // -- where the rider is
  const facts = () => { try { return JSON.parse($("#track-facts")?.textContent || "{}"); } catch { return {}; } };
  const at = (id) => { const p = (facts().points || []).find((point) => point.id === id); return p ? [p.lat, p.lng] : null; };
  const map = () => $("#track-map")?.map;
  const metres = (a, b) => window.L.latLng(a).distanceTo(b);
  const bearing = ([y1, x1], [y2, x2]) => (Math.atan2((x2 - x1) * Math.cos(y1 * Math.PI / 180), y2 - y1) * 180 / Math.PI + 360) % 360;
  let seen = null; // the newest fix
  let shown = null; // where the marker stands now
  let run = null; // {from, to, began, takes}
  let frame = 0;
  let line = null;
  let touched = 0;
  let fitted = false;

  const draw = (where) => {
    const it = map();
    if (!it) return;
    shown = where;
    const marker = it.put({ id: "rider", kind: "rider", lat: where[0], lng: where[1], label: words().rider || "", show: false, glide: false });
    aim(where);
    const dot = marker.getElement()?.querySelector(".map-dot");
    if (dot && seen?.turn != null) { dot.dataset.heading = ""; dot.style.setProperty("--heading", `${Math.round(seen.turn)}deg`); }
  };
  const aim = (from) => {
    const home = at("home");
    if (!home || !from) return;
    if (!line) line = window.L.polyline([], { color: getComputedStyle(document.documentElement).getPropertyValue("--blue").trim(), weight: 4, opacity: 0.55, dashArray: "1 9", lineCap: "round", interactive: false }).addTo(map().leaflet);
    line.setLatLngs(way(from, home));
  };
  // A bowed hint, not a street: nobody should read a straight line as the way.
  const way = (a, b) => {
    const bend = [(a[0] + b[0]) / 2 + (b[1] - a[1]) * 0.12, (a[1] + b[1]) / 2 - (b[0] - a[0]) * 0.12];
    return Array.from({ length: 17 }, (_, n) => { const t = n / 16; const u = 1 - t; return [0, 1].map((k) => u * u * a[k] + 2 * u * t * bend[k] + t * t * b[k]); });
  };
  const step = (now) => {
    frame = 0;
    if (!run) return;
    const part = Math.min(1, (now - run.began) / run.takes);
    draw([0, 1].map((k) => run.from[k] + (run.to[k] - run.from[k]) * part));
    if (part < 1) frame = requestAnimationFrame(step);
    else { run = null; follow(); }
  };
  const move = (fix) => {
    if (typeof fix?.lat !== "number" || !window.L || !map()) return;
    const when = Date.parse(fix.at) || Date.now();
    if (seen && when <= seen.when) return; // late or doubled
    const to = [fix.lat, fix.lng];
    const far = shown ? metres(shown, to) : 0;
    const gap = seen ? when - seen.when : 0;
    const turn = typeof fix.heading === "number" ? fix.heading : shown && far > 5 ? bearing(shown, to) : seen?.turn;
    seen = { when, turn };
    if (!shown || still.matches || document.hidden || far > JUMP_METRES || gap > 10 * LONGEST_GLIDE_MS) {
      run = null;
      draw(to);
      follow();
      return;
    }
    // The last seconds are played as they were: the marker is one report behind, and never stands and leaps.
    run = { from: shown, to, began: performance.now(), takes: Math.max(400, Math.min(LONGEST_GLIDE_MS, gap)) };
    if (!frame) frame = requestAnimationFrame(step);
    follow(to);
  };
  const fit = (places, most = 17) => {
    const known = places.filter(Boolean);
    const it = map()?.leaflet;
    if (!it || known.length < 2) return;
    it.fitBounds(known, { paddingTopLeft: [48, 64], paddingBottomRight: [48, 56], maxZoom: most, animate: !still.matches });
  };
  const follow = (where = shown) => {
    const it = map()?.leaflet;
    const home = at("home");
    if (!it || !where || !home) return;
    if (!fitted) {
      fitted = true;
      const hands = () => { touched = Date.now(); const button = $("[data-track-centre]"); if (button) button.hidden = false; };
      it.on("dragstart", hands);
      it.getContainer().addEventListener("wheel", hands, { passive: true });
      it.getContainer().addEventListener("dblclick", hands);
      fit([where, home, metres(where, home) > NEAR_METRES ? at("store") : null]);
      return;
    }
    if (Date.now() - touched < HANDS_OFF_MS) return;
    const button = $("[data-track-centre]");
    if (button) button.hidden = true;
    const view = it.getBounds();
    const inner = view.pad(-0.12);
    const span = window.L.latLngBounds([where, home]);
    // Both in view while far; as the rider comes near the picture closes in with them.
    const wide = Math.max((span.getNorth() - span.getSouth()) / (view.getNorth() - view.getSouth()), (span.getEast() - span.getWest()) / (view.getEast() - view.getWest()));
    if (!inner.contains(where) || !view.contains(home) || (wide < 0.3 && it.getZoom() < 16.9)) fit([where, home]);
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-track-centre]")) return;
    touched = 0;
    fit([shown || at("store"), at("home")]);
    event.target.closest("[data-track-centre]").hidden = true;
  });
  const tell = (away) => {
    const el = $("#track-away");
    if (!el) return;
    let text = el.textContent;
    if (away != null && (away < 20 || $("#now [data-at-door]"))) text = el.dataset.here; // who stands there knows better than a position
    else if (away != null) text = el.dataset.far.replace("%(far)s", away >= 1000 ? el.dataset.km.replace("%(n)s", (away / 1000).toFixed(1)) : el.dataset.m.replace("%(n)s", away));
    else if (!seen) text = $("#now [data-no-rider]")?.dataset.noRider || text;
    const old = seen ? Date.now() - seen.when : 0;
    el.toggleAttribute("data-is-old", old > OLD_MS);
    if (old > OLD_MS) text = `${text.split(" · ")[0]} · ${el.dataset.old.replace("%(n)s", Math.floor(old / 60000))}`;
    if (el.textContent !== text) el.textContent = text;
  };
  const off = () => { if (!shown) return; run = null; map()?.drop("rider"); shown = seen = null; if (map()) aim(at("store")); };

  // -- what is new
  let heardAt = 0;
  let socketAt = 0;
  let timer = 0;
  let asking = null;
  let fails = 0;
  let over = false;
  const dot = () => document.querySelectorAll("[data-track-dot]").forEach((el) => {
    const state = !heardAt ? "wait" : navigator.onLine && Date.now() - heardAt < LOST_MS && fails < 2 ? "live" : "lost";
    const text = state === "lost" && heardAt ? words().old?.replace("#", new Date(heardAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })) : words()[state];
    if (el.dataset.state !== state) el.dataset.state = state;
    if (text && el.textContent !== text) el.textContent = text;
  });
  const heard = () => { heardAt = Date.now(); fails = 0; dot(); };
  const later = () => {
    clearTimeout(timer);
    if (over) return;
    const riding = RIDING.includes(status());
    const wait = fails ? Math.min(30000, 2000 * 2 ** fails) : Date.now() - socketAt < LOST_MS ? ASK_BESIDE_SOCKET_MS : riding ? ASK_RIDING_MS : ASK_MS;
    timer = setTimeout(ask, wait * (0.9 + Math.random() * 0.2));
  };
  const ask = async () => {
    const url = $("#now")?.dataset.track;
    if (!url || over || asking) return;
    if (document.hidden && !wants()) return; // a phone that sleeps asks nothing; it asks when it wakes up
    asking = new AbortController();
    const stop = setTimeout(() => asking?.abort(), 10000);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: asking.signal, credentials: "same-origin" });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) { over = true; location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.json());
      heard();
    } catch { fails += 1; dot(); } finally { clearTimeout(stop); asking = null; later(); }
  };
  const take = (told) => {
    if (!told.live) { finish(told); return; }
    if (told.rider) move(told.rider);
    else if (!RIDING.includes(told.status)) off();
    tell(told.away);
    if (told.now !== $("#now [data-mark]")?.dataset.mark) fire("track:now");
    const rest = $("#rest [data-rest-mark]");
    if (rest && told.rest !== rest.dataset.restMark) fire("track:rest");
  };
  // Finished: a last full load brings the page without map, socket and position.
  const finish = async (told) => {
    over = true;
    off();
    if (["DELIVERED", "CLOSED"].includes(told.status)) await notify(words().done, "done");
    location.reload();
  };

  // -- told aloud, in the tab, and outside of the page
  let saidAt = 0;
  let said = "";
  let saidStatus = status();
  const say = () => {
    const place = $("#track-said");
    if (!place) return;
    const range = $("#now .hero-eta")?.textContent.trim() || "";
    const text = [range, ...[...document.querySelectorAll("#now [data-say]")].map((el) => el.textContent.replace(/\s+/g, " ").trim())].filter(Boolean).join(". ");
    const changed = status() !== saidStatus;
    if (text === said || (!changed && Date.now() - saidAt < SAY_MS)) return;
    if (said || changed) place.textContent = text;
    [said, saidAt, saidStatus] = [text, Date.now(), status()];
  };
  const wants = () => sessionStorage.getItem("track-tell") === location.pathname && "Notification" in window && Notification.permission === "granted";
  const notify = async (text, tag) => {
    if (!text || !wants() || !document.hidden) return;
    const worker = await navigator.serviceWorker?.getRegistration();
    const options = { tag: `track-${tag}`, data: { link: location.pathname } };
    try { if (worker) await worker.showNotification(text, options); else new Notification(text, options); } catch { /* this browser shows none */ }
  };
  const offer = () => {
    const place = $("[data-tell]");
    if (!place || !("Notification" in window) || Notification.permission === "denied" || wants()) return;
    place.hidden = false;
    place.querySelector("[data-tell-on]").addEventListener("click", async () => {
      if ((await Notification.requestPermission()) === "granted") sessionStorage.setItem("track-tell", location.pathname);
      place.hidden = true;
    });
  };

  let atDoor = false;
  // The rider's panel (chat, call, what to do while they wait) is read when the bags come on the road, and then keeps itself.
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target?.id === "now" && $("[data-chat-here]") && !$("#chat-panel")) fire("track:chat"); });
  document.addEventListener("htmx:afterSettle", () => {
    dot();
    say();
    const here = Boolean($("#now [data-at-door]"));
    if (here && !atDoor) notify(words().door, "door");
    atDoor = here;
  });
  document.body.addEventListener("live", () => { socketAt = Date.now(); clearTimeout(timer); ask(); });
  document.body.addEventListener("live:snapshot", () => { socketAt = Date.now(); heard(); });
  document.body.addEventListener("live:position", (event) => { socketAt = Date.now(); heard(); if (RIDING.includes(status())) { move(event.detail); const home = at("home"); if (home && window.L) tell(Math.round(metres([event.detail.lat, event.detail.lng], home) / 10) * 10); } });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    fails = 0;
    if (run) { draw(run.to); run = null; }
    clearTimeout(timer);
    ask();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
  addEventListener("online", () => { fails = 0; clearTimeout(timer); ask(); });
  addEventListener("offline", dot);
  const ready = () => {
    if (!$("#now[data-track]")) return;
    atDoor = Boolean($("#now [data-at-door]"));
    say();
    offer();
    const first = facts().rider;
    if (first) move(first);
    else if (map()) { aim(at("store")); fit([at("store"), at("home")], 16); }
    ask();
    setInterval(() => { dot(); tell(null); }, 10000);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
