// The tracking page's map: rider, home and store in view at first; then the rider's marker glides to each position and the
// map follows without losing the house. The page itself re-reads on every message.
(() => {
  "use strict";
  const HANDS_OFF_MS = 15000; // whoever moved the map is left alone for so long
  const el = () => document.getElementById("track-map");
  const facts = () => { try { return JSON.parse(document.getElementById("track-facts")?.textContent || "{}"); } catch { return {}; } };
  const at = (id) => { const p = (facts().points || []).find((point) => point.id === id); return p ? [p.lat, p.lng] : null; };
  let touched = 0;
  let rider = null;
  const fit = (places) => {
    const map = el()?.map?.leaflet;
    const known = places.filter(Boolean);
    if (map && known.length > 1) map.fitBounds(known, { padding: [40, 40], maxZoom: 17 });
  };
  const move = (where) => {
    const map = el()?.map;
    if (!map || typeof where?.lat !== "number") return;
    const first = !rider;
    rider = [where.lat, where.lng];
    map.put({ id: "rider", kind: "rider", lat: where.lat, lng: where.lng });
    if (first) {
      map.leaflet.on("dragstart", () => { touched = Date.now(); });
      el().addEventListener("wheel", () => { touched = Date.now(); }, { passive: true });
      fit([rider, at("home"), at("store")]);
      return;
    }
    if (Date.now() - touched < HANDS_OFF_MS) return;
    // Inside the outer tenth of the view counts as leaving it.
    const view = map.leaflet.getBounds().pad(-0.1);
    if (!view.contains(rider) || !view.contains(at("home") || rider)) fit([rider, at("home")]);
  };
  document.body.addEventListener("live:position", (event) => move(event.detail));
  document.body.addEventListener("live:snapshot", (event) => {
    const data = event.detail || {};
    move(data.rider_position || data.position || data.rider?.position);
    // Finished: a last full load brings the page without its socket.
    const finished = ["DELIVERED", "CLOSED", "CANCELLED", "UNDELIVERED", "REFUNDED"];
    const shown = document.querySelector("[data-status]")?.dataset.status;
    if (finished.includes(data.status) && !finished.includes(shown)) location.reload();
  });
})();
