// The rider's screen beyond plain forms: positions while on duty, slide to confirm, the map, and in the demo a
// helper that rides along (bags are scanned by pack.js). What is known comes as JSON in #rider-facts, which is renewed with the rest of #now.
(() => {
  "use strict";
  const EVERY_MS = 3000;
  const now = () => document.getElementById("now");
  const facts = () => { try { return JSON.parse(document.getElementById("rider-facts")?.textContent || "{}"); } catch { return {}; } };
  const csrf = () => { try { return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]; } catch { return ""; } };

  // -- positions
  let here = null; // [lat, lng]
  let sentAt = 0;
  let watch = null;
  let shown = null; // which points the map was fitted to
  const say = (word) => {
    const el = document.getElementById("where");
    const text = el?.dataset[`word${word}`] || "";
    if (el && el.textContent !== text) el.textContent = text;
  };
  const send = (lat, lng, accuracy) => {
    here = [lat, lng];
    const map = document.getElementById("ride-map")?.map;
    map?.put({ id: "me", kind: "rider", lat, lng });
    if (map && !document.getElementById("ride-map-box")?.hidden && !map.leaflet.getBounds().pad(-0.05).contains(here)) { shown = null; draw(); }
    if (Date.now() - sentAt < (riding() ? 900 : EVERY_MS)) return;
    sentAt = Date.now();
    report({ lat: +lat.toFixed(6), lng: +lng.toFixed(6), at: new Date().toISOString(), accuracy_metres: Math.min(Math.round(accuracy || 0), 100000) });
  };

  // What cannot be sent waits, also over a reload, and goes out in order in batches once there is a way again. A socket
  // does not say what has arrived: when it is lost, its last minute is sent again (the server knows what it has).
  const WAITING = "rider-positions";
  const MOST_WAITING = 1500; // over an hour on the road; beyond that every second of the older half goes
  const BATCH = 100;
  const UNSURE_MS = 60000;
  const load = () => { try { const kept = JSON.parse(localStorage.getItem(WAITING)); return Array.isArray(kept) ? kept : []; } catch { return []; } };
  let waiting = load();
  let unsure = []; // sent by the socket lately
  let posting = false;
  let tries = 0;
  let tryAt = 0;
  const keep = () => {
    if (waiting.length > MOST_WAITING) waiting = [...waiting.slice(0, waiting.length / 2).filter((_fix, i) => i % 2), ...waiting.slice(waiting.length / 2)];
    try { if (waiting.length) localStorage.setItem(WAITING, JSON.stringify(waiting)); else localStorage.removeItem(WAITING); } catch { /* full or forbidden: kept until the page closes */ }
  };
  const isLive = () => Boolean(document.querySelector('[data-live-dot][data-state="live"]'));
  const report = (fix) => {
    const since = new Date(Date.now() - UNSURE_MS).toISOString();
    unsure = unsure.filter(({ at }) => at > since);
    if (isLive() && !waiting.length && window.liveSend?.({ type: "position", ...fix, sent_at: new Date().toISOString() }) !== false) { unsure.push(fix); return; }
    if (!isLive()) { waiting.push(...unsure); unsure = []; }
    waiting.push(fix);
    keep();
    post();
  };
  const post = async () => {
    if (posting || !waiting.length || !navigator.onLine || Date.now() < tryAt) return;
    posting = true;
    const batch = waiting.slice(0, BATCH);
    try {
      const body = JSON.stringify({ positions: batch, sent_at: new Date().toISOString() });
      const answer = await fetch("/api/v1/rider/positions/", { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() }, body });
      if ([401, 403, 429].includes(answer.status) || answer.status >= 500) throw new Error(answer.status);
      tries = 0; // taken, or refused for good (off duty): either way it is done
      waiting = waiting.filter((fix) => !batch.includes(fix));
      keep();
    } catch {
      tryAt = Date.now() + Math.min(30000, 1000 * 2 ** tries++);
    }
    posting = false;
    if (Date.now() >= tryAt) post();
  };
  addEventListener("online", () => { tryAt = 0; post(); });
  const follow = () => {
    const on = facts().on_duty;
    if (!on || riding()) {
      if (watch !== null) navigator.geolocation?.clearWatch(watch);
      watch = null;
      say(on ? "On" : "Off");
      return;
    }
    if (watch !== null || !navigator.geolocation) return;
    say("On");
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => { say("On"); send(coords.latitude, coords.longitude, coords.accuracy); },
      (error) => say(error.code === error.PERMISSION_DENIED ? "Denied" : "Lost"),
      { enableHighAccuracy: true, maximumAge: 2000, timeout: 20000 },
    );
  };

  // -- demo: ride along, block by block like streets do
  const METRES_PER_DEGREE = 111320;
  const STEP_M = 25;
  const BLOCK_M = 140;
  const riding = () => document.getElementById("ride-along")?.checked || false;
  let sideways = true;
  let block = 0;
  const ride = () => {
    const { on_duty: on, target, home } = facts();
    if (!riding() || !on || !home) return;
    if (!here) { send(home[0], home[1], 5); return; }
    const to = target || home;
    const scale = Math.cos((here[0] * Math.PI) / 180);
    const north = (to[0] - here[0]) * METRES_PER_DEGREE;
    const east = (to[1] - here[1]) * METRES_PER_DEGREE * scale;
    if (Math.hypot(north, east) < 3) { send(to[0], to[1], 5); return; }
    block += STEP_M;
    if (block > BLOCK_M) { block = 0; sideways = !sideways; }
    const along = (sideways && Math.abs(east) > 1) || Math.abs(north) < 1;
    const left = along ? east : north;
    const step = Math.sign(left) * Math.min(STEP_M, Math.abs(left));
    const next = along ? [here[0], here[1] + step / METRES_PER_DEGREE / scale] : [here[0] + step / METRES_PER_DEGREE, here[1]];
    send(next[0], next[1], 5);
  };

  // -- the map follows the facts
  const draw = () => {
    const map = document.getElementById("ride-map")?.map;
    const known = facts();
    const box = document.getElementById("ride-map-box");
    if (box) box.hidden = !known.on_duty && !known.key;
    if (!map || box.hidden) return;
    const key = JSON.stringify(known.points);
    if (key === shown) return;
    shown = key;
    for (const id of ["store", "door"]) map.drop(id);
    for (const point of known.points || []) map.put(point);
    const all = [...(known.points || []).map((p) => [p.lat, p.lng]), ...(here ? [here] : [])];
    map.leaflet.invalidateSize();
    if (all.length > 1) map.leaflet.fitBounds(all, { paddingTopLeft: [68, 36], paddingBottomRight: [36, 36], maxZoom: 16 }); // the buttons stand on the left
    else if (all.length) map.leaflet.setView(all[0], 15);
  };

  // -- slide to confirm: a finger slides, a mouse or a keyboard presses
  let drag = null;
  const reset = () => document.querySelectorAll(".slide-knob").forEach((knob) => { knob.style.transform = ""; });
  document.addEventListener("pointerdown", (event) => {
    const button = event.target.closest?.("[data-slide]");
    if (!button || event.pointerType === "mouse") return;
    const knob = button.querySelector(".slide-knob");
    drag = { button, knob, from: event.clientX, room: button.clientWidth - knob.offsetWidth - 8, by: 0 };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.by = Math.max(0, Math.min(drag.room, event.clientX - drag.from));
    drag.knob.style.transform = `translateX(${drag.by}px)`;
  });
  // A finger that only taps is told what to do, on the spot.
  const how = (button) => {
    const text = button.querySelector(".slide-text");
    if (!button.dataset.how || text.dataset.said) return;
    text.dataset.said = text.textContent;
    text.textContent = button.dataset.how;
    setTimeout(() => { if (text.dataset.said) text.textContent = text.dataset.said; delete text.dataset.said; }, 1500);
  };
  const drop = () => {
    if (!drag) return;
    const { button, by, room } = drag;
    drag = null;
    if (by > room * 0.7) button.form.requestSubmit(button);
    else how(button);
    setTimeout(reset, 200);
  };
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", () => { drag = null; reset(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-slide]");
    if (button && event.detail && event.pointerType === "touch") event.preventDefault();
  });

  // -- nothing typed is lost, nothing opened closes when the screen renews itself
  const busy = () => Boolean(now()?.querySelector('[data-act] input[type="checkbox"]:checked, details[open] input:checked'))
    || [...(now()?.querySelectorAll("[data-act] input:not([type=checkbox]):not([type=hidden])") || [])].some((input) => input.value);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt?.id === "now" && (busy() || drag)) event.preventDefault();
  });
  let open = [];
  const name = (details) => details.querySelector("summary")?.textContent.trim();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const renewed = event.detail.requestConfig?.elt?.id === "now";
    // Asked for before the thumb ticked or typed, answered after it: the answer is old, the thumb is right.
    if (renewed && (busy() || drag)) { event.detail.shouldSwap = false; return; }
    open = renewed ? [...now().querySelectorAll("details[open]")].map(name) : [];
  });
  let offer = now()?.querySelector("[data-offer]")?.dataset.offer;
  let step = now()?.querySelector("[data-next]")?.dataset.next;
  document.addEventListener("htmx:afterSettle", () => {
    now()?.querySelectorAll("details").forEach((details) => { if (open.includes(name(details))) details.open = true; });
    const fresh = now()?.querySelector("[data-offer]")?.dataset.offer;
    if (fresh && fresh !== offer) navigator.vibrate?.([200, 100, 200]);
    const next = now()?.querySelector("[data-next]")?.dataset.next;
    if ((fresh && fresh !== offer) || next !== step) scrollTo({ top: 0 });
    offer = fresh;
    step = next;
    follow();
    draw();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    reset();
    // What was refused a moment ago ("Still to scan: …") is settled once the next try succeeds.
    if (event.detail.successful && event.detail.requestConfig?.verb === "post") document.querySelectorAll('#toasts .toast[data-kind="error"]').forEach((toast) => toast.remove());
  });

  const start = () => {
    // Thumb's place is the bottom: the next act and the bar stay free, what is said appears at the top.
    const said = document.getElementById("toasts");
    if (said) said.style.inset = "calc(4.5rem + env(safe-area-inset-top)) 1rem auto";
    const along = document.getElementById("ride-along");
    if (along) {
      along.checked = sessionStorage.getItem("ride-along") === "1";
      along.addEventListener("change", () => { sessionStorage.setItem("ride-along", along.checked ? "1" : "0"); follow(); });
      setInterval(ride, 1000);
    }
    follow();
    setTimeout(draw, 50);
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
