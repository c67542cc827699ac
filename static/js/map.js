// Maps on Leaflet. Without a tile server (the default; TILES_URL names one), and while it does not answer, the ground is plain
// and tinted, and areas, routes and points are ours.
//   <div class="map-box"><div data-map="map-facts"></div></div> {{ facts|json_script:"map-facts" }}
// facts: {"areas": [{"name", "ring": [[lng, lat], ...], "load": 0..1?}], "points": [{"id", "kind": "store|rider|home|late", "lat", "lng", "label"?}],
//         "lines": [[[lat, lng], ...]], "pick": {"lat": "#input", "lng": "#input", "placed": "#input"?}? ("1" once a person chose), "center": [lat, lng]?, "zoom": 15?,
//         "words": [{"text", "lat", "lng", "from": zoom, "until": zoom}] (names on the ground), "tiles": "https://…"?,
//         "rings": {"lat", "lng", "of": [{"metres", "label"}]}? (distances, drawn on the plain ground instead of its pattern)}
// A point with "about": metres is a neighbourhood; one with "show": false has its label only in words.
// A mounted element answers el.map = {move(id, lat, lng), where(id), put(point), drop(id), fit(), leaflet}.
(() => {
  "use strict";
  const ICONS = { store: "store", rider: "bike", home: "house", late: "triangle-alert", pin: "map-pin" };
  const { sprite = "/static/icons/lucide.svg", tiles: house = "", attribution: credit = "", nearer = "Zoom in", farther = "Zoom out" } = document.currentScript?.dataset || {};
  const TILES_TRIED = 4; // so many tiles that did not come, and none that did: the ground is ours
  const AGAIN_MS = 60000;
  const icon = (name) => `<svg class="icon" aria-hidden="true"><use href="${sprite}#${name}"></use></svg>`;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const mount = (el) => {
    const L = window.L;
    if (!L || el.map) return el.map;
    const facts = JSON.parse(document.getElementById(el.dataset.map)?.textContent || "{}");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tiles = facts.tiles || house;
    const map = L.map(el, { attributionControl: Boolean(tiles), zoomControl: false, scrollWheelZoom: Boolean(facts.pick), zoomSnap: 0.25, zoomAnimation: !still, fadeAnimation: !still });
    map.attributionControl?.setPrefix(false);
    if (facts.zoomControl !== false) L.control.zoom({ zoomInTitle: nearer, zoomOutTitle: farther }).addTo(map);
    const begin = facts.center || (facts.points?.[0] && [facts.points[0].lat, facts.points[0].lng]) || [12.9716, 77.5946];
    map.setView(begin, facts.zoom || 15, { animate: false }); // circles can't be drawn on a map that looks nowhere
    const ring = (of) => L.circle([facts.rings.lat, facts.rings.lng], { radius: of.metres, color: colour("ink-3"), weight: 1, opacity: 0.55, dashArray: "2 5", fill: false, interactive: false });
    let ground = null;
    const plain = (on) => {
      el.dataset.ground = on ? "plain" : "tiles";
      if (!on) { ground?.remove(); return; }
      if (!ground && facts.rings) {
        ground = L.layerGroup(facts.rings.of.flatMap((of) => {
          const words = document.createElement("span");
          words.textContent = of.label;
          const top = L.latLng(L.latLng(facts.rings.lat, facts.rings.lng).toBounds(2 * of.metres).getNorth(), facts.rings.lng);
          return [ring(of), L.marker(top, { icon: L.divIcon({ html: words, className: "map-word map-ring", iconSize: [0, 0] }), interactive: false, keyboard: false, zIndexOffset: -500 })];
        }));
      } else if (!ground) {
        const Ground = L.GridLayer.extend({ createTile() { const t = document.createElement("div"); t.className = "map-tile"; return t; } });
        ground = new Ground({ tileSize: 192 });
      }
      ground.addTo(map);
    };
    plain(true); // until the first tile is there, and where there are none
    if (tiles) {
      // The page's address stays here; the origin alone is told, as tile servers ask for.
      const layer = L.tileLayer(tiles, { attribution: facts.attribution || credit, referrerPolicy: "strict-origin-when-cross-origin", maxZoom: 19 });
      let failed = 0;
      layer.on("tileload", () => { failed = 0; if (el.dataset.ground !== "tiles") plain(false); });
      layer.on("tileerror", () => {
        failed += 1;
        if (failed !== TILES_TRIED) return;
        layer.remove();
        plain(true);
        setTimeout(() => { failed = 0; if (el.isConnected) layer.addTo(map); }, AGAIN_MS);
      });
      addEventListener("online", () => { failed = 0; if (el.isConnected && !map.hasLayer(layer)) layer.addTo(map); });
      layer.addTo(map);
    }
    const everything = [];
    for (const area of facts.areas || []) {
      const ring = area.ring.map(([lng, lat]) => [lat, lng]);
      const shape = L.polygon(ring, { color: colour("brand"), weight: 2, fillColor: colour("brand"), fillOpacity: 0.1 + 0.25 * (area.load || 0), interactive: false }).addTo(map);
      if (area.name && !facts.pick) shape.bindTooltip(area.name, { permanent: true, direction: "center", className: "map-label" });
      everything.push(...ring);
    }
    for (const cell of facts.cells || []) {
      const [south, west, north, east] = cell.box;
      const shape = L.rectangle([[south, west], [north, east]], { color: colour("red"), weight: 1, opacity: 0.5, fillColor: colour("red"), fillOpacity: 0.15 + 0.65 * cell.shade }).addTo(map);
      if (cell.label) shape.bindTooltip(cell.label, { className: "map-label" });
      everything.push([south, west], [north, east]);
    }
    for (const line of facts.lines || []) {
      L.polyline(line, { color: colour("blue"), weight: 4, opacity: 0.8, dashArray: "1 8", lineCap: "round", interactive: false }).addTo(map);
      everything.push(...line);
    }
    const words = L.layerGroup().addTo(map);
    const write = () => {
      words.clearLayers();
      for (const w of facts.words || []) {
        if (map.getZoom() < w.from || map.getZoom() >= w.until || !map.getBounds().contains([w.lat, w.lng])) continue;
        const name = document.createElement("span");
        name.textContent = w.text;
        L.marker([w.lat, w.lng], { icon: L.divIcon({ html: name, className: "map-word", iconSize: [0, 0] }), interactive: false, keyboard: false, zIndexOffset: -500 }).addTo(words);
      }
    };
    if (facts.words) map.on("moveend", write);
    const points = new Map();
    const put = (p) => {
      const old = points.get(p.id);
      if (old) {
        old.setLatLng([p.lat, p.lng]);
        return old;
      }
      if (p.about) L.circle([p.lat, p.lng], { radius: p.about, color: colour("brand"), weight: 1, fillColor: colour("brand"), fillOpacity: 0.15, interactive: false }).addTo(map);
      const html = p.kind === "pin" ? `<div class="map-pin">${icon("map-pin")}</div>` : `<div class="map-dot" data-kind="${p.kind}">${icon(ICONS[p.kind] || "dot")}</div>`;
      const marker = L.marker([p.lat, p.lng], {
        icon: L.divIcon({ html, className: p.glide !== false && (p.kind === "rider" || p.kind === "late") ? "glide" : "", iconSize: [36, 36], iconAnchor: p.kind === "pin" ? [18, 40] : [18, 18] }),
        title: p.label || "", alt: p.label || p.kind, keyboard: Boolean(p.url), zIndexOffset: p.kind === "rider" ? 500 : 0,
      }).addTo(map);
      if (p.label && p.show !== false && p.kind !== "pin") marker.bindTooltip(p.label, { permanent: Boolean(p.named), direction: "bottom", offset: [0, 18], className: "map-label" });
      if (p.url) marker.on("click", () => { location.href = p.url; });
      points.set(p.id, marker);
      return marker;
    };
    for (const p of facts.points || []) { put(p); everything.push([p.lat, p.lng]); }
    const fit = () => {
      map.invalidateSize();
      if (facts.center) map.setView(facts.center, facts.zoom || 15);
      else if (everything.length > 1) map.fitBounds(everything, facts.padding ? { padding: facts.padding, maxZoom: 16 } : { paddingTopLeft: [facts.zoomControl === false ? 36 : 68, 36], paddingBottomRight: [36, 36], maxZoom: 16 }); // not under the buttons
      else map.setView(everything[0] || begin, facts.zoom || 15);
    };
    fit();
    el.map = { leaflet: map, put, fit, where: (id) => { const it = points.get(id)?.getLatLng(); return it && [it.lat, it.lng]; }, move: (id, lat, lng) => points.get(id)?.setLatLng([lat, lng]), drop: (id) => { points.get(id)?.remove(); points.delete(id); } };

    if (facts.pick) {
      const lat = document.querySelector(facts.pick.lat);
      const lng = document.querySelector(facts.pick.lng);
      const placed = facts.pick.placed && document.querySelector(facts.pick.placed);
      const street = document.querySelector(`[data-go-to="#${el.id}"]`);
      const start = lat.value && lng.value ? [Number(lat.value), Number(lng.value)] : facts.center || map.getCenter();
      const pin = put({ id: "pick", kind: "pin", lat: start.lat ?? start[0], lng: start.lng ?? start[1], label: facts.pick.label || "" });
      pin.options.draggable = true;
      if (pin.dragging) pin.dragging.enable();
      const choose = (where, move) => {
        lat.value = where.lat.toFixed(6);
        lng.value = where.lng.toFixed(6);
        if (placed) placed.value = "1";
        if (street) street.value = ""; // the pin is the more exact answer
        if (move) pin.setLatLng(where);
        lat.dispatchEvent(new Event("change", { bubbles: true }));
        lat.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { lat: where.lat, lng: where.lng } }));
      };
      pin.on("dragend", () => choose(pin.getLatLng(), false));
      map.on("click", (event) => choose(event.latlng, true));
      street?.addEventListener("change", () => {
        const { lat: y, lng: x } = street.selectedOptions[0]?.dataset || {};
        const { value } = street;
        if (!y) return;
        choose(L.latLng(Number(y), Number(x)), true);
        map.setView([Number(y), Number(x)], 15);
        street.value = value;
      });
      el.map.choose = (where) => { choose(where, true); map.setView(where, Math.max(map.getZoom(), 16)); };
      if (lat.value && lng.value) map.setView(start, facts.zoom || 15);
    }
    return el.map;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-locate]");
    if (!button) return;
    const el = document.querySelector(button.dataset.locate);
    const say = (text) => window.toast?.(text, { kind: "error" });
    if (!navigator.geolocation) { say(button.dataset.refused); return; }
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { button.removeAttribute("aria-busy"); el?.map?.choose?.(window.L.latLng(coords.latitude, coords.longitude)); },
      () => { button.removeAttribute("aria-busy"); say(button.dataset.refused); },
      { enableHighAccuracy: true, timeout: 8000, maximumAge: 60000 },
    );
  });
  window.mountMaps = (root = document) => root.querySelectorAll("[data-map]").forEach(mount);
  const ready = () => window.mountMaps();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
  document.addEventListener("htmx:load", (event) => window.mountMaps(event.target));
})();
