// The board's map and chart. Lists re-read themselves as HTML; this draws the same facts: from the socket's snapshot, and
// from #ops-facts after every re-read (so that polling alone is enough). Rider dots move with every message of positions.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  let map = null, chart = null, fitted = false;
  const areas = new Map(), stores = new Map(), riders = new Map(), lines = new Map(), doors = new Map();
  const where = new Map(); // newest position of a rider, which may be younger than the last reading
  const sync = (shown, wanted, make, change) => {
    const keep = new Set();
    for (const item of wanted) {
      const id = item.code ?? item.id;
      keep.add(id);
      if (shown.has(id)) change(shown.get(id), item); else shown.set(id, make(item));
    }
    for (const [id, layer] of shown) if (!keep.has(id)) { layer.remove(); shown.delete(id); }
  };
  const ring = (s) => {
    const state = s.load >= 0.9 || s.late ? "late" : s.load >= 0.6 ? "warn" : "ok";
    return window.L.divIcon({ className: "", iconSize: [44, 44], html: `<div class="ops-store-ring" data-state="${state}" data-mode="${s.mode}" style="--load:${Math.max(4, Math.round(s.load * 100))}"><span>${Number(s.open)}</span></div>` });
  };
  const dot = (r) => window.L.divIcon({ className: "glide", iconSize: [14, 14], html: `<div class="ops-rider" data-state="${r.state}"></div>` });
  const words = () => document.getElementById("ops-city")?.dataset || {};
  const tip = (s) => Object.entries({ name: s.name, open: s.open, pickers: s.pickers, free: s.riders_idle, on: s.riders_on }).reduce((line, [key, value]) => line.replace(`{${key}}`, () => value), words().tip || "{name}");
  const who = (r) => `${r.name}: ${words()[r.state] || r.label}`;
  const text = (words) => { const span = document.createElement("span"); span.textContent = words; return span; };
  const at = (r) => where.get(r.id) || [r.lat, r.lng];

  const drawMap = (facts) => {
    const L = window.L, el = document.getElementById("ops-city");
    if (!L || !el) return;
    if (!map) {
      map = L.map(el, { attributionControl: false, zoomControl: false, zoomSnap: 0.25 });
      L.control.zoom({ zoomInTitle: el.dataset.nearer, zoomOutTitle: el.dataset.farther }).addTo(map);
      const Ground = L.GridLayer.extend({ createTile() { const t = document.createElement("div"); t.className = "map-tile"; return t; } });
      new Ground({ tileSize: 192 }).addTo(map);
      map.setView([12.9716, 77.5946], 13);
    }
    sync(areas, facts.stores, (s) => L.polygon(s.area.map(([lng, lat]) => [lat, lng]), { color: token("brand"), weight: 1.5, opacity: 0.7, fillOpacity: 0.06, interactive: false }).addTo(map), () => {});
    const mood = { late: "red", risk: "amber", ok: "ink-3" };
    const home = new Map(facts.stores.map((s) => [s.code, [s.lat, s.lng]]));
    const way = (d) => [d.rider && where.get(d.rider) || home.get(d.store) || [d.lat, d.lng], [d.lat, d.lng]];
    sync(lines, facts.doors, (d) => L.polyline(way(d), { weight: 1, opacity: 0.6, color: token(mood[d.mood]), interactive: false }).addTo(map), (l, d) => { l.setLatLngs(way(d)); l.setStyle({ color: token(mood[d.mood]) }); });
    sync(doors, facts.doors, (d) => L.circleMarker([d.lat, d.lng], { radius: d.mood === "late" ? 5 : 3.5, weight: 1, color: token("map-ground"), fillOpacity: 1, fillColor: token(mood[d.mood]) }).bindTooltip(text(d.number)).on("click", () => { location.href = `/ops/orders/${d.id}/`; }).addTo(map), (m, d) => { m.setStyle({ fillColor: token(mood[d.mood]) }); m.setRadius(d.mood === "late" ? 5 : 3.5); });
    sync(stores, facts.stores, (s) => L.marker([s.lat, s.lng], { icon: ring(s), title: s.name, alt: tip(s), zIndexOffset: 200 }).bindTooltip(text(tip(s))).on("click", () => { location.href = `/ops/orders/?state=live&store=${encodeURIComponent(s.code)}`; }).addTo(map), (m, s) => { m.setIcon(ring(s)); m.setTooltipContent(text(tip(s))); });
    sync(riders, facts.riders, (r) => { const m = L.marker(at(r), { icon: dot(r), title: r.name, alt: who(r), zIndexOffset: 400 }).bindTooltip(text(who(r))).addTo(map); m.state = r.state; return m; }, (m, r) => {
      m.setLatLng(at(r));
      if (m.state !== r.state) { m.state = r.state; m.setIcon(dot(r)); m.setTooltipContent(text(who(r))); }
    });
    if (!fitted && facts.stores.length) {
      fitted = true;
      map.invalidateSize();
      map.fitBounds(facts.stores.flatMap((s) => s.area.map(([lng, lat]) => [lat, lng])), { padding: [16, 16] });
    }
  };

  const drawChart = (facts) => {
    const el = document.getElementById("ops-minutes");
    if (!el || !window.uPlot || !facts.minutes.length) return;
    const data = [facts.minutes.map(([t]) => t), facts.minutes.map(([, n]) => n)];
    const sum = data[1].reduce((a, b) => a + b, 0);
    const hour = document.getElementById("ops-hour");
    if (hour) hour.textContent = sum;
    if (chart) { chart.setData(data); return; }
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: el.dataset.zone || undefined }); // as everywhere here: 24 hours, the house's clock
    const axis = { stroke: token("ink-2"), grid: { stroke: token("line"), width: 1 }, ticks: { stroke: token("line"), width: 1 } };
    chart = new window.uPlot({
      width: el.clientWidth - 16, height: 136, legend: { show: false }, cursor: { y: false },
      scales: { y: { range: (_u, _min, max) => [0, Math.max(4, Math.ceil(max * 1.15))] } },
      axes: [{ ...axis, values: (_u, ticks) => ticks.map((t) => clock.format(t * 1000)) }, { ...axis, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100] }],
      series: [{}, { stroke: token("brand"), fill: `${token("brand")}33`, width: 2, paths: window.uPlot.paths.bars({ size: [0.7, 24] }), points: { show: false } }],
    }, data, el);
    new ResizeObserver(() => chart.setSize({ width: el.clientWidth - 16, height: 136 })).observe(el);
  };

  let newest = "";
  const draw = (facts) => {
    if (!facts?.stores || facts.at < newest) return;
    newest = facts.at;
    drawMap(facts);
    drawChart(facts);
  };
  const read = () => { try { draw(JSON.parse(document.getElementById("ops-facts")?.textContent || "null")); } catch { /* half a swap */ } };
  document.body.addEventListener("live:snapshot", (event) => draw(event.detail));
  document.body.addEventListener("live:positions", ({ detail }) => {
    for (const { rider, lat, lng } of detail || []) {
      where.set(rider, [lat, lng]);
      riders.get(rider)?.setLatLng([lat, lng]);
    }
  });
  document.addEventListener("htmx:afterSettle", read);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", read); else read();
})();
