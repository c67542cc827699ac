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
  let shownAlong = null; // and how far along the route that is
  let run = null; // {from, to, begin, end (both along the route, or null), began, takes}
  let frame = 0;
  let lines = null;
  let route = null; // {id, places, along}: the way along the streets, where a router knows it
  let missed = ""; // the id of a route that was asked for
  let touched = 0;
  let fitted = false;

  const draw = (where, along = null) => {
    const it = map();
    if (!it) return;
    shown = where;
    shownAlong = along;
    const marker = it.put({ id: "rider", kind: "rider", lat: where[0], lng: where[1], label: words().rider || "", show: false, glide: false });
    aim(where);
    const dot = marker.getElement()?.querySelector(".map-dot");
    if (dot && seen?.turn != null) { dot.dataset.heading = ""; dot.style.setProperty("--heading", `${Math.round(seen.turn)}deg`); }
  };
  // The route as a road, its ridden part lighter. Without one a straight dashed line, which nobody takes for a street; none while the
  // rider goes to somebody else first.
  const aim = (from) => {
    const home = at("home");
    if (!home || !from) return;
    const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const add = (style) => window.L.polyline([], { interactive: false, ...style }).addTo(map().leaflet);
    lines ||= {
      hint: add({ color: ink("ink-3"), weight: 2, dashArray: "6 7", className: "route-hint" }),
      edge: add({ color: ink("paper"), weight: 9, opacity: 0.85 }),
      ridden: add({ color: ink("blue"), weight: 5, opacity: 0.4, className: "route-ridden" }),
      ahead: add({ color: ink("blue"), weight: 5, className: "route-ahead" }),
    };
    const on = route && seen?.route === route.id;
    const [ridden, ahead] = on ? cut(shownAlong ?? seen.along ?? 0) : [[], []];
    lines.hint.setLatLngs(on ? [route.places.at(-1), home] : seen?.rough ? [] : [from, home]); // the last steps are no street either
    if (lines.of !== (on ? route.id : "")) { lines.of = on ? route.id : ""; lines.edge.setLatLngs(on ? route.places : []); }
    lines.ridden.setLatLngs(ridden);
    lines.ahead.setLatLngs(ahead);
  };
  // Google's encoded polyline, five decimals: catalog/travel/line.py writes it.
  const decode = (text) => {
    const places = [];
    const last = [0, 0];
    for (let i = 0, n = 0; i < text.length; n += 1) {
      let bits = 0;
      let shift = 0;
      let part;
      do { part = text.charCodeAt(i++) - 63; bits |= (part & 31) << shift; shift += 5; } while (part >= 32);
      last[n % 2] += bits & 1 ? ~(bits >> 1) : bits >> 1;
      if (n % 2) places.push([last[0] / 1e5, last[1] / 1e5]);
    }
    return places;
  };
  const learn = (told) => {
    if (!told || route?.id === told.id || !window.L) return;
    const places = decode(told.polyline);
    const along = [0];
    for (let i = 1; i < places.length; i += 1) along.push(along[i - 1] + metres(places[i - 1], places[i]));
    route = { id: told.id, places, along };
    shownAlong = null;
    if (run) run.begin = run.end = null;
    if (shown) aim(shown);
  };
  const piece = (far) => { let i = 1; while (i < route.along.length - 1 && route.along[i] < far) i += 1; return i; };
  const placeAt = (far) => {
    const i = piece(far);
    const part = Math.min(1, Math.max(0, (far - route.along[i - 1]) / (route.along[i] - route.along[i - 1] || 1)));
    return [0, 1].map((k) => route.places[i - 1][k] + (route.places[i][k] - route.places[i - 1][k]) * part);
  };
  const cut = (far) => {
    if (far <= 0) return [[], route.places];
    const i = piece(far);
    const here = placeAt(far);
    return [[...route.places.slice(0, i), here], [here, ...route.places.slice(i)]];
  };
  const step = (now) => {
    frame = 0;
    if (!run) return;
    const part = Math.min(1, (now - run.began) / run.takes);
    if (run.begin != null && run.end >= run.begin) { // round the corners, not across them
      const far = run.begin + (run.end - run.begin) * part;
      const i = piece(far);
      seen.turn = bearing(route.places[i - 1], route.places[i]);
      draw(placeAt(far), far);
    } else draw([0, 1].map((k) => run.from[k] + (run.to[k] - run.from[k]) * part), part < 1 ? null : run.end);
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
    const along = typeof fix.along_metres === "number" && fix.route_id === route?.id ? fix.along_metres : null;
    seen = { when, turn, route: fix.route_id, along: along ?? (seen?.route === fix.route_id ? seen?.along : null), rough: fix.rough };
    if (fix.route_id && fix.route_id !== route?.id && missed !== fix.route_id && !asking) { missed = fix.route_id; clearTimeout(timer); ask(); }
    if (!shown || still.matches || document.hidden || far > JUMP_METRES || gap > 10 * LONGEST_GLIDE_MS) {
      run = null;
      draw(to, along);
      follow();
      return;
    }
    // The last seconds are played as they were: the marker is one report behind, and never stands and leaps.
    run = { from: shown, to, begin: along == null ? null : shownAlong, end: along, began: performance.now(), takes: Math.max(400, Math.min(LONGEST_GLIDE_MS, gap)) };
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
      fit([where, home, metres(where, home) > NEAR_METRES ? at("store") : null, ...(route && seen?.route === route.id ? route.places : [])]);
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
  const tell = (away, rough = seen?.rough) => {
    const el = $("#track-away");
    if (!el) return;
    let text = el.textContent;
    if (away != null && (away < 20 || $("#now [data-at-door]"))) text = el.dataset.here; // who stands there knows better than a position
    else if (away != null && rough) text = el.dataset.first;
    else if (away != null) text = el.dataset.far.replace("%(far)s", away >= 1000 ? el.dataset.km.replace("%(n)s", (away / 1000).toFixed(1)) : el.dataset.m.replace("%(n)s", away));
    else if (!seen) text = $("#now [data-no-rider]")?.dataset.noRider || text;
    const old = seen ? Date.now() - seen.when : 0;
    el.toggleAttribute("data-is-old", old > OLD_MS);
    if (old > OLD_MS) text = `${text.split(" · ")[0]} · ${el.dataset.old.replace("%(n)s", Math.floor(old / 60000))}`;
    if (el.textContent !== text) el.textContent = text;
  };
  const off = () => { if (!shown) return; run = null; map()?.drop("rider"); shown = shownAlong = seen = route = null; if (map()) aim(at("store")); };

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
      const answer = await fetch(route ? `${url}?route=${route.id}` : url, { headers: { Accept: "application/json" }, signal: asking.signal, credentials: "same-origin" });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) { over = true; location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.json());
      heard();
    } catch { fails += 1; dot(); } finally { clearTimeout(stop); asking = null; later(); }
  };
  const take = (told) => {
    if (!told.live) { finish(told); return; }
    learn(told.route);
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
    if (run) { draw(run.to, run.end); run = null; }
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
    learn(facts().route);
    if (first) move(first);
    else if (map()) { aim(at("store")); fit([at("store"), at("home")], 16); }
    ask();
    setInterval(() => { dot(); tell(null); }, 10000);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
