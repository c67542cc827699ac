// The tracking page's map: the rider's marker glides to each position; the page itself re-reads on every message.
(() => {
  "use strict";
  const el = () => document.getElementById("track-map");
  const move = (where) => {
    const map = el()?.map;
    if (!map || typeof where?.lat !== "number") return;
    const first = !map.rider;
    map.rider = true;
    map.put({ id: "rider", kind: "rider", lat: where.lat, lng: where.lng });
    if (first) return;
    if (!map.leaflet.getBounds().contains([where.lat, where.lng])) map.leaflet.panTo([where.lat, where.lng]);
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
