// SOS and incidents: where the phone is and how full its battery come along when the phone tells them; nothing waits for them.
//   [data-hold]        is held for a second (a finger, a mouse, Space or Enter), then its form is sent
//   form with lat, lng, battery fields ([data-sos-form], [data-place-form])  gets them filled
(() => {
  "use strict";
  const HOLD_MS = 1000;
  const forms = () => document.querySelectorAll("[data-sos-form], [data-place-form]");
  const fill = (name, value) => forms().forEach((form) => { if (form.elements[name]) form.elements[name].value = value; });
  const look = () => {
    navigator.geolocation?.getCurrentPosition(({ coords }) => { fill("lat", coords.latitude); fill("lng", coords.longitude); }, () => {}, { enableHighAccuracy: true, maximumAge: 10000, timeout: 5000 });
    navigator.getBattery?.().then((battery) => fill("battery", Math.round(battery.level * 100))).catch(() => {});
  };
  let timer = 0;
  const stop = () => { clearTimeout(timer); timer = 0; document.querySelectorAll("[data-hold]").forEach((button) => button.removeAttribute("data-held")); };
  const begin = (button) => {
    if (timer) return;
    look();
    button.dataset.held = "";
    timer = setTimeout(() => { stop(); navigator.vibrate?.([200, 100, 200]); button.form.requestSubmit(); }, HOLD_MS);
  };
  document.addEventListener("pointerdown", (event) => { const button = event.target.closest?.("[data-hold]"); if (button) begin(button); });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) document.addEventListener(name, stop);
  document.addEventListener("keydown", (event) => { if ((event.key === "Enter" || event.key === " ") && event.target.matches?.("[data-hold]")) { event.preventDefault(); if (!event.repeat) begin(event.target); } });
  document.addEventListener("keyup", stop);
  // A short press is a slip; the hold sends the form by itself.
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-hold]")) event.preventDefault(); });
  document.addEventListener("contextmenu", (event) => { if (event.target.closest?.("[data-hold]")) event.preventDefault(); });
  // Once it went through, the next press is a new one.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("[data-sos-form]");
    if (form && event.detail.successful) form.elements.nonce.value = crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`;
  });
  if (document.querySelector("[data-place-form]")) addEventListener("load", look);
})();
